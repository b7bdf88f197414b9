import type { FhirClient } from '../fhir/fhirClient';
import type { Repository } from '../repository/port';
import { type Routing, type RoutingRules, routed } from '../routing/routes';
import { hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import { readCareRecord } from './careRecord';
import type { RoutingAge } from './routingAge';
import type { StandingWarnings } from './standingWarnings';
import type { UseStatements } from './useStatements';

/** What the function `routeCareTeams` works with. */
export interface RouteCareTeamsTools {
  readonly client: FhirClient;
  readonly statements: UseStatements;
  readonly repository: Pick<Repository, 'writeRouting'>;
  readonly rules: RoutingRules;
  readonly age: RoutingAge;
  readonly warnings: StandingWarnings;
}

/**
 * Projects patients, their routes and the members of teams from FHIR into the repository (step 14). Reads all of it each time,
 * as of the service's own time, and writes it as a whole: what it missed, or another instance wrote meanwhile, is right after the
 * next run. While FHIR or the repository is away the last projection stays, and is said to be stale once it is.
 *
 * Says `iomt.routing` with its counts, and for alarms, as long as it is so: `iomt.unrouted` when somebody who is monitored is in the
 * default queue, `iomt.routing.unread` when nobody reads that queue.
 *
 * @throws FhirFault when the service refuses a search
 */
export async function routeCareTeams(tools: RouteCareTeamsTools, log: StepLog): Promise<void> {
  const { client, statements, repository, rules, age } = tools;
  const watched = age.watching(log);
  try {
    const asOf = await client.time(watched);
    const renewed = age.begin();
    const routing = routed(await readCareRecord(client, statements, asOf, rules, watched), rules);
    const isNewest = await hold('routing', watched, () => repository.writeRouting(routing.snapshot));
    const ageSeconds = renewed();
    // If not, another instance has said it already, as of a later time.
    if (isNewest) say(routing, ageSeconds, tools.warnings, log);
  } catch (error) {
    age.sayIfStale(log);
    throw error;
  }
}

function say(routing: Routing, ageSeconds: number, warnings: StandingWarnings, log: StepLog): void {
  const { monitored, bySource, withoutObjectId, queueMembers } = routing;
  const counts = {
    patients: monitored,
    ...{ routed: bySource.careTeam, ward: bySource.ward, unrouted: bySource.default },
    ...{ members: routing.snapshot.members.length, withoutObjectId, ageSeconds },
  };
  const text = Object.entries(counts).map(([name, count]) => `${name}=${count}`);
  log.info(`iomt.routing ${text.join(' ')}`);
  const { asOf } = routing.snapshot;
  warnings.tell('iomt.unrouted', bySource.default > 0 ? `count=${bySource.default}` : undefined, asOf, log);
  warnings.tell('iomt.routing.unread', queueMembers === 0 ? 'queue=default' : undefined, asOf, log);
}
