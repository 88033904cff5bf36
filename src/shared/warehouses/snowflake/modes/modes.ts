import type { WriteMode } from '../../port.js';
import { append } from './append.js';
import type { WriteRows } from './mode.js';

/** The one list of write modes. */
export const modes: Readonly<Record<WriteMode, WriteRows>> = { append };
