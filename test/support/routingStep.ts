import { FhirClient } from '../../runtime/fhir/fhirClient';
import type { Transport } from '../../runtime/fhir/transport';
import { routeCareTeams } from '../../runtime/functions/routeCareTeams';
import { RoutingAge } from '../../runtime/functions/routingAge';
import { StandingWarnings } from '../../runtime/functions/standingWarnings';
import { UseStatements } from '../../runtime/functions/useStatements';
import type { Repository, RoutingSnapshot } from '../../runtime/repository/port';
import type { StepLog } from '../../runtime/stream/stepLog';
import { rules } from './careResources';

/** The part of the repository that routing writes, in memory, with the rule of its port. */
export class RoutingTable {
  snapshot: RoutingSnapshot | undefined;
  /** What each of the next writes fails with. */
  readonly faults: unknown[] = [];

  readonly writeRouting = async (snapshot: RoutingSnapshot): Promise<boolean> => {
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
    if (this.snapshot !== undefined && snapshot.asOf <= this.snapshot.asOf) return false;
    this.snapshot = snapshot;
    return true;
  };
}

export const staleSeconds = 300;

/** An instance of the function `routeCareTeams`. */
export class RoutingStep {
  readonly said: string[] = [];
  /** Of the process, milliseconds. */
  monotonic = 0;
  private readonly tools;

  constructor(transport: Transport, repository: Pick<Repository, 'writeRouting'>) {
    this.tools = {
      ...{ client: new FhirClient(transport, 'routing'), statements: new UseStatements(), repository, rules },
      age: new RoutingAge(staleSeconds, () => this.monotonic),
      warnings: new StandingWarnings(),
    };
  }

  run(): Promise<void> {
    const say = (line: string) => this.said.push(line);
    const log: StepLog = { info: say, warn: say, error: say };
    return routeCareTeams(this.tools, log);
  }

  /** Lines of a kind, each once. */
  lines(begin: string): readonly string[] {
    return [...new Set(this.said.filter((line) => line.startsWith(`${begin} `)))];
  }
}
