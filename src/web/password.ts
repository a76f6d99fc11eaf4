/**
 * Passwords: Argon2id (RFC 9106) with the library's parameters, which are OWASP's minimum (19 MiB, 2 passes). A check
 * costs tens of milliseconds and 19 MiB, so only a few run at once and a bounded number waits.
 */
import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { SentinelError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/** @throws `people.password_length` */
export async function hashPassword(password: string): Promise<string> {
  const { passwordCharactersFewest: fewest, passwordCharactersMost: most } = LIMITS;
  if (password.length < fewest || password.length > most) {
    throw new SentinelError('people.password_length', { fewest, most });
  }
  return inTurn(() => hash(password));
}

/** What is checked for a name that does not exist, so that the answer takes as long as for one that does. */
let nobodysHash: Promise<string> | undefined;

/** @param stored the account's hash; absent where there is no such account: the answer is then false, equally slowly */
export async function passwordFits(stored: string | undefined, password: string): Promise<boolean> {
  nobodysHash ??= hash(randomBytes(32));
  const against = stored ?? (await nobodysHash);
  const fits = await inTurn(() => verify(against, password));
  return stored !== undefined && fits;
}

/** 128 bits, in letters and digits that are hard to confuse. */
export function inventPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  // 31 letters carry 4.95 bits each; bytes of 248 and more would favour the first ones.
  const picked: string[] = [];
  while (picked.length < 26) {
    for (const byte of randomBytes(32)) {
      if (byte < 248 && picked.length < 26) picked.push(letters.charAt(byte % letters.length));
    }
  }
  return picked.join('');
}

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= LIMITS.passwordChecksAtOnce) {
    if (waiting.length >= LIMITS.passwordChecksWaiting)
      throw new SentinelError('web.login_throttled', { retryAfterS: 5 });
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running++;
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
