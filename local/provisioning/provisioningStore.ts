import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJsonAtomic } from '../core/state';
import type { EnrollmentGroup } from './enrollmentGroup';

/** What the service remembers of a device that it assigned ("device registration record"). */
export interface RegistrationRecord {
  readonly registrationId: string;
  readonly deviceId: string;
  readonly enrollmentGroupId: string;
  readonly assignedHub: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
}

/** Groups and registrations of one provisioning service, a JSON file each, so that a restart finds them. */
export class ProvisioningStore {
  readonly groups: Records<EnrollmentGroup>;
  readonly registrations: Records<RegistrationRecord>;

  constructor(private readonly folder: string) {
    this.groups = new Records(join(folder, 'enrollmentGroups'));
    this.registrations = new Records(join(folder, 'registrations'));
  }

  delete(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Records by an id that is compared without regard to case (ids of groups and registrations at DPS). */
export class Records<T> {
  private readonly byId = new Map<string, T>();

  constructor(private readonly folder: string) {
    // A group's file holds symmetric keys.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.json')) continue;
      const record = readJson<T>(join(folder, name));
      if (record !== undefined) this.byId.set(decodeURIComponent(name.slice(0, -'.json'.length)), record);
    }
  }

  get(id: string): T | undefined {
    return this.byId.get(id.toLowerCase());
  }

  put(id: string, record: T): void {
    writeJsonAtomic(this.file(id), record);
    this.byId.set(id.toLowerCase(), record);
  }

  remove(id: string): void {
    rmSync(this.file(id), { force: true });
    this.byId.delete(id.toLowerCase());
  }

  all(): T[] {
    return [...this.byId.values()];
  }

  private file(id: string): string {
    return join(this.folder, `${encodeURIComponent(id.toLowerCase())}.json`);
  }
}
