import { userInfo } from 'node:os';

/** Name of the user of this system: who decides where nobody says. */
export function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'a user without a name';
  }
}
