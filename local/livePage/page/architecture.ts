import type { StepId } from '../steps';

/** Where the parts of the architecture stand in the picture, left to right, and the arrows between them. */

export type NodeId =
  | 'devices'
  | 'dps'
  | 'edge'
  | 'iotHub'
  | 'raw'
  | 'devicedata'
  | 'medTech'
  | 'fhir'
  | 'mlInput'
  | 'enriched'
  | 'lake'
  | 'databricks'
  | 'mlOutput'
  | 'sql'
  | 'powerBi'
  | 'careTeam'
  | 'teams';

export type Icon =
  | 'pulse'
  | 'key'
  | 'gateway'
  | 'hub'
  | 'storage'
  | 'stream'
  | 'engine'
  | 'record'
  | 'function'
  | 'spark'
  | 'database'
  | 'chart'
  | 'people'
  | 'chat';

export interface ArchitectureNode {
  readonly name: string;
  readonly kind: string;
  readonly icon: Icon;
  readonly column: number;
  readonly row: number;
  /** Columns that it spans; 1 when left out. */
  readonly span?: number;
  /** It is alive when one of these steps is. */
  readonly steps: readonly StepId[];
}

export const nodes: Readonly<Record<NodeId, ArchitectureNode>> = {
  devices: { name: 'Devices', kind: 'vital signs', icon: 'pulse', column: 0, row: 1, steps: ['1'] },
  dps: { name: 'DPS', kind: 'enrolment', icon: 'key', column: 0, row: 2, steps: ['1'] },
  edge: { name: 'IoT Edge', kind: 'gateway', icon: 'gateway', column: 1, row: 0, steps: ['2'] },
  iotHub: { name: 'IoT Hub', kind: 'routes', icon: 'hub', column: 1, row: 1, steps: ['1'] },
  raw: { name: 'Raw storage', kind: 'blobs', icon: 'storage', column: 1, row: 2, steps: ['3'] },
  devicedata: { name: 'devicedata', kind: 'event hub', icon: 'stream', column: 2, row: 1, steps: ['4'] },
  medTech: { name: 'MedTech', kind: 'engine', icon: 'engine', column: 3, row: 1, steps: ['5a', '5c', '6'] },
  fhir: {
    name: 'FHIR service',
    kind: 'patients, observations, risks and flags',
    icon: 'record',
    column: 3,
    row: 0,
    span: 3,
    steps: ['5a', '5c'],
  },
  mlInput: { name: 'ML Input', kind: 'function', icon: 'function', column: 4, row: 1, steps: ['7', '8'] },
  enriched: { name: 'enriched', kind: 'event hub', icon: 'stream', column: 4, row: 2, steps: ['8'] },
  lake: { name: 'Data lake', kind: 'ADLS Gen2', icon: 'storage', column: 4, row: 3, span: 2, steps: ['9', '11a'] },
  databricks: { name: 'Scoring', kind: 'NEWS2', icon: 'spark', column: 5, row: 2, steps: ['10', '12'] },
  mlOutput: { name: 'ML Output', kind: 'function', icon: 'function', column: 5, row: 1, steps: ['13a', '14'] },
  sql: { name: 'Azure SQL', kind: 'scores', icon: 'database', column: 6, row: 1, steps: ['14'] },
  powerBi: { name: 'Power BI', kind: 'dashboard', icon: 'chart', column: 6, row: 0, steps: ['15', '16'] },
  careTeam: { name: 'Care Team', kind: 'app', icon: 'people', column: 7, row: 1, steps: ['17'] },
  teams: { name: 'Teams', kind: 'chat', icon: 'chat', column: 7, row: 2, steps: ['18'] },
};

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where the numbers of an arrow stand: around its badge, beside it, or beside it in a narrow place (count only). */
export type LabelPlace = 'around' | 'beside' | 'narrow' | 'none';

export interface Arrow {
  readonly step: StepId;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly points: readonly Point[];
  readonly badge: Point;
  readonly label: LabelPlace;
  /** Question and answer: heads at both ends. */
  readonly both: boolean;
}

export const pictureSize = { width: 1440, height: 532 };
const columnPitch = 188;
const rowPitch = 152;
const boxWidth = 112;
const boxHeight = 64;

export function box(id: NodeId): { x: number; y: number; width: number; height: number } {
  const { column, row, span = 1 } = nodes[id];
  return {
    x: 6 + column * columnPitch,
    y: 6 + row * rowPitch,
    width: boxWidth + (span - 1) * columnPitch,
    height: boxHeight,
  };
}

type Look = { both?: boolean; label?: LabelPlace };

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function right(step: StepId, from: NodeId, to: NodeId, look: Look = {}): Arrow {
  const source = box(from);
  const y = source.y + source.height / 2;
  const points = [
    { x: source.x + source.width, y },
    { x: box(to).x, y },
  ] as const;
  return { step, from, to, points, badge: middle(...points), label: look.label ?? 'around', both: false };
}

/** An arrow straight up or down, `offset` to the right of the middle of the box that is not the wider one. */
function vertical(step: StepId, from: NodeId, to: NodeId, offset = 0, look: Look = {}): Arrow {
  const [source, target] = [box(from), box(to)];
  const narrower = source.width <= target.width ? source : target;
  const x = narrower.x + narrower.width / 2 + offset;
  const down = target.y > source.y;
  const points = [
    { x, y: down ? source.y + source.height : source.y },
    { x, y: down ? target.y : target.y + target.height },
  ] as const;
  const label = look.label ?? 'beside';
  const centre = middle(...points);
  const badge = label === 'narrow' ? { x, y: centre.y - 18 } : centre;
  return { step, from, to, points, badge, label, both: look.both ?? false };
}

function devicesToEdge(): Arrow {
  const [source, target] = [box('devices'), box('edge')];
  const corner = { x: source.x + source.width / 2, y: target.y + target.height / 2 };
  const points = [{ x: corner.x, y: source.y }, corner, { x: target.x, y: corner.y }];
  return { step: '1', from: 'devices', to: 'edge', points, badge: corner, label: 'none', both: false };
}

/** The first arrow of a step bears its numbers. */
export const arrows: readonly Arrow[] = [
  right('1', 'devices', 'iotHub'),
  devicesToEdge(),
  vertical('2', 'edge', 'iotHub'),
  vertical('3', 'iotHub', 'raw'),
  right('4', 'iotHub', 'devicedata'),
  right('4', 'devicedata', 'medTech', { label: 'none' }),
  vertical('5a', 'medTech', 'fhir', -42, { label: 'narrow' }),
  vertical('5b', 'fhir', 'medTech', 0, { label: 'narrow' }),
  vertical('5c', 'medTech', 'fhir', 42, { label: 'narrow' }),
  right('6', 'medTech', 'mlInput'),
  vertical('7', 'mlInput', 'fhir', 0, { both: true }),
  vertical('8', 'mlInput', 'enriched'),
  vertical('9', 'enriched', 'lake'),
  right('10', 'enriched', 'databricks'),
  vertical('11', 'databricks', 'lake', -36, { both: true, label: 'narrow' }),
  vertical('11a', 'databricks', 'lake', 30, { label: 'narrow' }),
  vertical('12', 'databricks', 'mlOutput'),
  vertical('13a', 'mlOutput', 'fhir', -36, { label: 'narrow' }),
  vertical('13b', 'mlOutput', 'fhir', 30, { label: 'narrow' }),
  right('14', 'mlOutput', 'sql'),
  vertical('15', 'sql', 'powerBi', -36, { label: 'narrow' }),
  vertical('16', 'sql', 'powerBi', 30, { label: 'narrow' }),
  right('17', 'sql', 'careTeam'),
  vertical('18', 'careTeam', 'teams', -36),
];
