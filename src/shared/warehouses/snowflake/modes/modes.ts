import type { WriteMode } from '../../port.js';
import { append } from './append.js';
import type { WriteModeRules } from './mode.js';
import { replace } from './replace.js';
import { upsert } from './upsert.js';

/** The one list of write modes. */
export const modes: Readonly<Record<WriteMode, WriteModeRules>> = { append, upsert, replace };
