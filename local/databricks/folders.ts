import { join } from 'node:path';
import { nameOf } from '../controlPlane/armIds';
import type { LakePlace } from './provider/cloudStorage';

/** Where on this machine things of Databricks lie, below the state folder's `databricks`. */
export class Folders {
  constructor(private readonly root: string) {}

  get assets(): string {
    return join(this.root, 'assets');
  }

  /** What `/Volumes/` stands for in a workspace. */
  volumes(workspaceId: string): string {
    return join(this.root, 'workspaces', nameOf(workspaceId).toLowerCase(), 'volumes');
  }

  job(workspaceId: string, jobId: string): string {
    return join(this.root, 'workspaces', nameOf(workspaceId).toLowerCase(), 'jobs', jobId);
  }

  /** What a container is in Spark. */
  container({ account, container }: Pick<LakePlace, 'account' | 'container'>, createdAt: string): string {
    return join(this.root, 'lake', account, container, String(Date.parse(createdAt)));
  }

  get lakeNotes(): string {
    return join(this.root, 'lake-notes');
  }

  workspace(workspaceId: string): string {
    return join(this.root, 'workspaces', nameOf(workspaceId).toLowerCase());
  }
}

/** A path of a volume, or a text that holds such paths, as it is on this machine. */
export function onThisMachine(text: string, volumes: string): string {
  return text.replaceAll('/Volumes/', `${volumes}/`);
}
