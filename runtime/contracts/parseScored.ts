import {
  below,
  bool,
  type Check,
  listOf,
  members,
  nullOr,
  oneOf,
  optional,
  recordOf,
  text,
  value,
  whole,
} from './checks';
import { parseClockMark } from './clockMark';
import { news2Parts, type ScoredMessage, type ScoredWindow } from './scored';
import { vitals } from './scoringSource';

/** The year 9999 ends. */
const time = whole(0, 253_402_300_799_999);
const count = whole(0, 2_147_483_647);
const number = below(1_000_000);
/** NEWS2 has at most 20 points, of which a part has at most 3. */
const total = whole(0, 20);
const levels = ['low-medium', 'medium', 'high'];
const actions = ['none', 'raise', 'keep', 'lower'];
const names = listOf(text(40));

const vital: Check = members({
  count,
  superseded: count,
  median: nullOr(number),
  min: nullOr(number),
  max: nullOr(number),
  last: nullOr(number),
  lastTime: nullOr(time),
  slope: nullOr(below(Number.MAX_VALUE)),
  longestGapSeconds: below(Number.MAX_VALUE),
  used: nullOr(number),
  source: oneOf(['device', 'charted', null]),
  carriedSeconds: optional(below(Number.MAX_VALUE)),
});

const news2: Check = members({
  complete: bool,
  total: nullOr(total),
  parts: recordOf(whole(0, 3), news2Parts),
  missing: listOf(oneOf(news2Parts)),
  floorTotal: total,
  ceilingTotal: total,
  band: oneOf(['low', ...levels]),
  scale: oneOf([1, 2]),
});

const item: Check = nullOr(members({ resource: text(200), code: text(400) }));

const window: Check = members({
  /** An id of FHIR R4. */
  patient: text(64, /^[A-Za-z0-9.-]+$/),
  start: time,
  end: time,
  horizon: text(16, /^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/),
  revision: whole(1, 2_147_483_647),
  corrected: bool,
  rules: members({ name: oneOf(['NEWS2']), version: text(40) }),
  kernel: text(40),
  vitals: recordOf(vital, vitals),
  news2: nullOr(news2),
  applicability: members({ applicable: bool, reasons: names, cautions: names }),
  trend: nullOr(
    members({
      totalChange: nullOr(whole(-20, 20)),
      totalChangeHour: nullOr(whole(-20, 20)),
      fromBaseline: recordOf(number, vitals),
    }),
  ),
  flag: members({
    action: oneOf(actions),
    level: oneOf([...levels, null]),
    since: nullOr(time),
    rule: text(100),
    mayLower: bool,
  }),
  dataGap: members({ action: oneOf(actions), vitals: listOf(oneOf(vitals)), since: nullOr(time) }),
  monitoringEnd: nullOr(members({ time, basis: oneOf(['death', 'encounter', 'assignment']) })),
  context: recordOf(item),
  baseline: members({ version: nullOr(text(40)), reason: optional(text(100)) }),
  prediction: nullOr(
    members({
      model: text(100),
      version: text(100),
      kind: oneOf(['module', 'onnx', 'endpoint']),
      state: oneOf(['done', 'pending']),
      values: nullOr(recordOf(value(Number.isFinite))),
    }),
  ),
});

/**
 * Reads a message of `scored`. Its readers write FHIR and a database with what it gives, so that every member that they use
 * is checked here: a type, a range that a column holds, a name of a list.
 *
 * @throws Error with every member that is missing or wrong, by name; values are not shown (PHI)
 */
export function parseScored(body: string): ScoredMessage {
  const message = parseJson(body);
  const kind = (message as { kind?: unknown } | null)?.kind;
  if (kind === 'clockMark') return { ...parseClockMark(body), kind };
  if (kind !== 'window') throw new Error('The scored message is neither a window nor a clock mark (kind).');
  const wrong = window(message, 'window');
  if (wrong.length > 0) {
    const shown = [...new Set(wrong)].map((path) => path.replace('window.', ''));
    throw new Error(`The scored window has missing or wrong members: ${shown.join(', ')}.`);
  }
  const scored = message as ScoredWindow;
  const disagreements = disagreementsOf(scored);
  if (disagreements.length > 0) throw new Error(`The scored window contradicts itself: ${disagreements.join('; ')}.`);
  return scored;
}

function disagreementsOf({ start, end, flag, news2, applicability }: ScoredWindow): string[] {
  const found: string[] = [];
  if (end <= start) found.push('end is not after start');
  if ((flag.level === null) !== (flag.since === null)) found.push('flag.level and flag.since are not there together');
  if ((news2 !== null) !== applicability.applicable) found.push('news2 is there only where it is applicable');
  return found;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error('The scored message is not valid JSON.');
  }
}
