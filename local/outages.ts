import type { LocalCloud } from './cloud';
import type { Gateway } from './gateway';
import { hotPathOf } from './hotPath';

/** What a start can take away for a while, by the fault's name at the control API, and the option that says when. */
export const outageOptions = {
  'gateway-uplink-cut': 'cut-uplink',
  'fhir-unavailable': 'fhir-down',
  'sql-unavailable': 'sql-down',
} as const;
export type FaultName = keyof typeof outageOptions;

export interface Outage {
  readonly fault: FaultName;
  /** Minutes of the recording. */
  readonly fromMinute: number;
  readonly toMinute: number;
}

export type Faults = Readonly<Partial<Record<FaultName, (broken: boolean) => Promise<void> | void>>>;

/** What can be broken in this cloud as it is deployed. */
export function faultsOf(cloud: LocalCloud, gateway: Gateway | undefined): Faults {
  const databaseId = hotPathOf(cloud.controlPlane.resources)?.databaseId;
  return {
    ...(gateway && { 'gateway-uplink-cut': (isCut: boolean) => gateway.cutUplink(isCut) }),
    'fhir-unavailable': (isAway) => {
      for (const id of cloud.fhirServices.ids())
        cloud.fhirServices.faults(id).set(isAway ? { requests: { status: 503 } } : {});
    },
    ...(databaseId !== undefined && {
      'sql-unavailable': (isAway: boolean) => cloud.sqlServers.unavailable(databaseId, isAway),
    }),
  };
}

/** Breaks and mends by the virtual clock. A fault that this stack cannot have is said and left out. */
export function scheduleOutages(
  outages: readonly Outage[],
  faults: Faults,
  { clock, start, warn }: { clock: LocalCloud['clock']; start: number; warn(line: string): void },
): void {
  for (const { fault, fromMinute, toMinute } of outages) {
    const set = faults[fault];
    if (set === undefined) {
      warn(`--${outageOptions[fault]} does nothing: this stack has nothing that it could take away.`);
      continue;
    }
    clock.at(start + fromMinute * 60_000, () => set(true));
    clock.at(start + toMinute * 60_000, () => set(false));
  }
}

type GivenOutages = Readonly<Partial<Record<(typeof outageOptions)[FaultName], string>>>;

/** The outages that options ask for; what is wrong with them is added to the problems. */
export function outagesOf(given: GivenOutages, problems: string[]): Outage[] {
  return (Object.keys(outageOptions) as FaultName[]).flatMap((fault) => {
    const option = outageOptions[fault];
    const text = given[option];
    if (text === undefined) return [];
    const match = /^(\d+)-(\d+)$/.exec(text);
    const [fromMinute, toMinute] = [Number(match?.[1]), Number(match?.[2])];
    if (fromMinute < toMinute) return [{ fault, fromMinute, toMinute }];
    problems.push(
      `--${option} is ${text}; it must be two minutes of the recording, the first below the second, as 60-120.`,
    );
    return [];
  });
}

/** One sentence for each outage that the recording never mends, which would keep what waits for good. */
export function unmendedOutages(outages: readonly Outage[], lastMinute: number): string[] {
  return outages
    .filter(({ toMinute }) => toMinute > lastMinute)
    .map(
      ({ fault, fromMinute, toMinute }) =>
        `--${outageOptions[fault]} is ${fromMinute}-${toMinute}; the recording ends in minute ${Math.floor(lastMinute)}, and it must end by then.`,
    );
}
