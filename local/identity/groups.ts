import { existsSync } from 'node:fs';
import { readJson, writeJsonAtomic } from '../core/state';

/** A group of the directory. */
export interface Group {
  readonly objectId: string;
  /** Object ids, or ARM ids of managed identities, which may be made later. */
  readonly members: readonly string[];
}

/** Groups of Microsoft Entra with their members, kept over a restart. Groups within groups are not known. */
export class Groups {
  private groups: readonly Group[];

  /** @param file JSON file that keeps them */
  constructor(private readonly file: string) {
    this.groups = (existsSync(file) && readJson<Group[]>(file)) || [];
  }

  /** Makes the group, or gives it other members. */
  set(group: Group): void {
    this.groups = [...this.groups.filter(({ objectId }) => objectId !== group.objectId), group];
    writeJsonAtomic(this.file, this.groups);
  }

  /** Object ids of the groups that have such a member. */
  of(isMember: (member: string) => boolean): string[] {
    return this.groups.filter(({ members }) => members.some(isMember)).map(({ objectId }) => objectId);
  }
}
