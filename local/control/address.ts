import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { readJson, writeJsonAtomic } from '../core/state';

/** Where the control API of a running local cloud listens, and the secret that proves access to its state folder. */
export interface ControlAddress {
  /** As in `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly secret: string;
}

export const secretHeader = 'x-local-cloud-secret';

export function readControlAddress(file: string): ControlAddress | undefined {
  return readJson<ControlAddress>(file);
}

/** Publishes the address for other processes of the same user; the secret stays the same over restarts. */
export function publishControlAddress(file: string, url: string): ControlAddress {
  const address = { url, secret: readControlAddress(file)?.secret ?? randomBytes(32).toString('base64url') };
  writeJsonAtomic(file, address);
  chmodSync(file, 0o600);
  return address;
}
