import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { serverUser } from '../../src/embedded/postgres/serverUser.js';

/** A place in a database that takes a few megabytes and no more. */
export interface SmallDisk {
  /** What makes a table end up there: after CREATE TABLE ... (...). */
  readonly clause: string;
  /** `tmpfs`: a disk that is really full; `trigger`: where nothing may be mounted, a trigger that says so at the 1,000th row. */
  readonly kind: 'tmpfs' | 'trigger';
  /** Makes an existing table full by a trigger; does nothing for a tmpfs. */
  readonly fill: (table: string) => Promise<void>;
  /** Gives the table room again. */
  readonly widen: (table: string) => Promise<void>;
  /** The table must be gone. */
  readonly close: () => Promise<void>;
}

/** Mounts a disk of 6 MB as a tablespace; where that is not allowed, a trigger stands for it. */
export async function openSmallDisk(client: Client): Promise<SmallDisk> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-small-'));
  const user = serverUser(folder);
  try {
    if (user === undefined) throw new Error('expected root, got another user');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=6m,mode=700,uid=${user.uid},gid=${user.gid}`, 'tmpfs', folder], {
      stdio: 'pipe',
    });
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return { clause: '', kind: 'trigger', ...fullByTrigger(client), close: async () => {} };
  }
  const name = `small_${process.pid}_${Date.now()}`;
  await client.query(`CREATE TABLESPACE ${name} LOCATION '${folder}'`);
  return {
    clause: ` TABLESPACE ${name}`,
    kind: 'tmpfs',
    fill: async () => {},
    widen: async (table) => void (await client.query(`ALTER TABLE ${table} SET TABLESPACE pg_default`)),
    close: async () => {
      await client.query(`DROP TABLESPACE ${name}`);
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fullByTrigger(client: Client): Pick<SmallDisk, 'fill' | 'widen'> {
  return {
    fill: async (table) => {
      await client.query(`
        CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW._sluice_row > 1000 THEN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END IF;
          RETURN NEW; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION no_space()`);
    },
    widen: async (table) => void (await client.query(`DROP TRIGGER full_disk ON ${table}`)),
  };
}
