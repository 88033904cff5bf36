import type { Command } from 'commander';
import { hashPassword } from '../../console/auth/passwords.js';
import { SluiceError } from '../../shared/errors.js';
import { type CommonOptions, baseCommand, withIo } from '../io.js';

/** `sluice hash-password`. */
export function hashPasswordCommand(): Command {
  return baseCommand(
    'hash-password',
    'reads a password from standard input, prints the hash for console.auth.users',
  ).action((options: CommonOptions) =>
    withIo(options, async (io) => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      const password = Buffer.concat(chunks)
        .toString('utf8')
        .replace(/\r?\n$/, '');
      if (password.length < 8)
        throw new SluiceError('USAGE', `expected a password of at least 8 characters, got ${password.length}`);
      const passwordHash = await hashPassword(password);
      io.output.answer({ passwordHash }, () => io.output.line(passwordHash));
    }),
  );
}
