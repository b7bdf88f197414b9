import { flagId } from './codes';
import type { Episode } from './episodes';
import type { Extended, Flag } from './fhirTypes';
import { episodeOf, isWithdrawn } from './flag';

/** A Flag as it is stored. */
export interface KnownFlag {
  readonly episode: Episode;
  readonly flag: Flag;
  /** As `W/"3"`. */
  readonly version: string;
  readonly isWithdrawn: boolean;
}

/** A patient's Flags, by id: those that stand, and others that were read for a window that names them. */
export class PatientFlags {
  private readonly known = new Map<string, KnownFlag>();

  /** Takes up what a service gave; what is no Flag of ours is left out. */
  add(resource: Extended): void {
    const episode = episodeOf(resource);
    const version = resource.meta?.versionId;
    if (episode === undefined || version === undefined) return;
    const flag = resource as Flag;
    this.set({ episode, flag, version: `W/"${version}"`, isWithdrawn: isWithdrawn(flag) });
  }

  set(known: KnownFlag): void {
    this.known.set(flagId(known.episode), known);
  }

  get(id: string): KnownFlag | undefined {
    return this.known.get(id);
  }

  has(id: string): boolean {
    return this.known.has(id);
  }

  /** The oldest first, so that of two that stand by mistake the same one counts for everybody. */
  get episodes(): readonly Episode[] {
    return [...this.known.values()].map(({ episode }) => episode).sort((one, other) => one.since - other.since);
  }

  /** What has ended is read again should a window name it. */
  forgetEnded(): void {
    for (const [id, { episode }] of this.known) if (episode.ended !== null) this.known.delete(id);
  }
}

/** Where a batch lies in its partition: the sequence numbers of its first and its last event. */
export interface PartitionRange {
  readonly id: string;
  readonly first: number;
  readonly last: number;
}

/** What a process knows of a partition, as of the event before. */
export interface PartitionMemory {
  /** Whether what comes now has not come before, as far as a process can tell. */
  readonly isNew: boolean;
  readonly patients: Map<string, PatientFlags>;
}

/**
 * Keeps each partition's Flags from one batch to the next, so that they need not be read. They are believed only when a batch
 * begins with the event after the last one; else the partition was with somebody else, or events come again. Whoever takes a
 * partition over first gets what the one before had not checkpointed: what comes is new from the first batch on of which
 * nothing was stored. Wrong belief costs a 412 and a read.
 */
export class PartitionMemories {
  private readonly held = new Map<string, PartitionMemory & { readonly next: number }>();

  /** For the batch that is at hand; a batch that fails leaves none behind. */
  take({ id, first }: PartitionRange): PartitionMemory {
    const held = this.held.get(id);
    this.held.delete(id);
    return held?.next === first ? held : { isNew: false, patients: new Map() };
  }

  /** @param isNew whether something came in the batch, and nothing of it was stored before */
  give({ id, last }: PartitionRange, memory: PartitionMemory, isNew: boolean): void {
    for (const flags of memory.patients.values()) flags.forgetEnded();
    this.held.set(id, { next: last + 1, isNew: memory.isNew || isNew, patients: memory.patients });
  }
}
