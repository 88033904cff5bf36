import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Cost of a new hash: about 0.1 s and 64 MB of memory. */
const COST = 2 ** 16;
const BLOCK = 8;

/** A password as the configuration keeps it: `scrypt:COST:SALT:HASH`, salt and hash in hex. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt:${COST}:${salt.toString('hex')}:${(await derive(password, salt, COST)).toString('hex')}`;
}

/** Whether the password is the one that was hashed; takes the same time for a wrong one. False for a text that is no hash. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, cost, salt, wanted] = /^scrypt:(\d+):([0-9a-f]{32}):([0-9a-f]{64})$/.exec(hash) ?? [];
  if (cost === undefined || salt === undefined || wanted === undefined) return false;
  const given = await derive(password, Buffer.from(salt, 'hex'), Number(cost));
  return timingSafeEqual(given, Buffer.from(wanted, 'hex'));
}

function derive(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, 32, { N: cost, r: BLOCK, maxmem: 256 * cost * BLOCK }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
