import { SluiceError } from '../../../errors.js';
import type { WriteMode } from '../../port.js';
import { append } from './append.js';
import type { WriteRows } from './mode.js';

/** The configuration refuses these before a load begins. */
const notYet: WriteRows = async () => {
  throw new SluiceError('CONFIG_INVALID', 'expected mode append for a target of type snowflake, got another one');
};

/** The one list of write modes. */
export const modes: Readonly<Record<WriteMode, WriteRows>> = { append, upsert: notYet, replace: notYet };
