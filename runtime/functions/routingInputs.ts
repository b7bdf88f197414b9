import type { routingSettings, SettingsOf } from '../contracts/appSettings';
import { readContextCodes } from '../enrich/contextCodes';
import type { RoutingRules } from '../routing/routes';

type RoutingSettings = Pick<
  SettingsOf<typeof routingSettings>,
  | 'HOSPITAL_ID'
  | 'CONTEXT_CODES'
  | 'ENTRA_OBJECT_ID_SYSTEM'
  | 'RECORD_NUMBER_SYSTEM'
  | 'DEFAULT_QUEUE'
  | 'ROUTING_STALE_SECONDS'
>;

/** As long as the columns of the repository. */
const [hospitalLength, queueLength] = [64, 200];

/**
 * The rules of routing, and after how many seconds a projection is stale.
 * @throws Error naming all settings that are wrong
 */
export function readRoutingInputs(settings: RoutingSettings): { rules: RoutingRules; staleSeconds: number } {
  const { HOSPITAL_ID, ENTRA_OBJECT_ID_SYSTEM, RECORD_NUMBER_SYSTEM, DEFAULT_QUEUE, ROUTING_STALE_SECONDS } = settings;
  const staleSeconds = /^\d{1,6}$/.test(ROUTING_STALE_SECONDS) ? Number(ROUTING_STALE_SECONDS) : 0;
  const wrong = [
    ...(HOSPITAL_ID.trim() === '' || HOSPITAL_ID.length > hospitalLength
      ? [`HOSPITAL_ID has ${HOSPITAL_ID.length} characters; it must be the hospital's id, of 1 to ${hospitalLength}.`]
      : []),
    ...(ENTRA_OBJECT_ID_SYSTEM.trim() === ''
      ? ['ENTRA_OBJECT_ID_SYSTEM is empty; it must be the system of identifiers that are object ids.']
      : []),
    ...(DEFAULT_QUEUE.trim() === '' || DEFAULT_QUEUE.length > queueLength
      ? [`DEFAULT_QUEUE has ${DEFAULT_QUEUE.length} characters; it must be a name of 1 to ${queueLength}.`]
      : []),
    ...(staleSeconds === 0
      ? [`ROUTING_STALE_SECONDS is '${ROUTING_STALE_SECONDS}'; it must be a whole number of seconds from 1 to 999999.`]
      : []),
  ];
  const { encounterClasses } = readContextCodes(settings.CONTEXT_CODES);
  if (wrong.length > 0) throw new Error(`App settings of routing are wrong:\n${wrong.join('\n')}`);
  const rules = {
    ...{ hospital: HOSPITAL_ID, encounterClasses, objectIdSystem: ENTRA_OBJECT_ID_SYSTEM },
    ...{ recordNumberSystem: RECORD_NUMBER_SYSTEM, defaultQueue: DEFAULT_QUEUE },
  };
  return { rules, staleSeconds };
}
