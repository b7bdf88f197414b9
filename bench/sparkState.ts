import type { Benchmark } from './benchmark';
import { runPython } from './spark/runPython';

const patients = 20;
/** Of the window: one a minute. */
const batches = 5;

/** One measurement a second and vital fills every slot; more a second have no more slots to fill. */
const cases = {
  full: { everySeconds: 1, copies: 1 },
  tenfoldDuplicates: { everySeconds: 1, copies: 10 },
  tenfoldRate: { everySeconds: 0.1, copies: 1 },
  fiftyfoldRate: { everySeconds: 0.02, copies: 1 },
} as const;

type Answer = Readonly<
  Record<
    keyof typeof cases,
    {
      readonly measurements: number;
      readonly slots: number;
      readonly writtenBytes: number;
      readonly compactedBytes: number;
    }
  >
>;

export const sparkState: Benchmark = {
  name: 'spark-state',
  what: "bytes of an open window in the Databricks job's state, as duplicates and rate grow tenfold",
  aims: [
    { figure: 'growthByTenfoldDuplicates', atMost: 1.05 },
    // 16 times the 4 bytes by which a slot's samples are told apart, and the slot itself.
    { figure: 'bytesPerSlotAtTenfoldRate', atMost: 120 },
    { figure: 'bytesPerSlotAtFiftyfoldRate', atMost: 120 },
  ],
  async run(say) {
    const answer = await runPython<Answer>('state.py', { patients, batches, cases }, say);
    const { full, tenfoldDuplicates, tenfoldRate, fiftyfoldRate } = answer;
    const ratio = (one: { writtenBytes: number }) => Math.round((one.writtenBytes / full.writtenBytes) * 100) / 100;
    return {
      figures: {
        slots: full.slots,
        bytesPerSlot: Math.round(full.writtenBytes / full.slots),
        bytesPerSlotAtTenfoldRate: Math.round(tenfoldRate.writtenBytes / tenfoldRate.slots),
        bytesPerSlotAtFiftyfoldRate: Math.round(fiftyfoldRate.writtenBytes / fiftyfoldRate.slots),
        bytesPerPatientAndWindow: Math.round(full.writtenBytes / patients),
        compactedBytesPerSlot: Math.round(full.compactedBytes / full.slots),
        compactedBytesPerSlotAtTenfoldRate: Math.round(tenfoldRate.compactedBytes / tenfoldRate.slots),
        growthByTenfoldDuplicates: ratio(tenfoldDuplicates),
        growthByTenfoldRate: ratio(tenfoldRate),
      },
      notMeasured,
    };
  },
};

const notMeasured = [
  'files that were replaced: they stay until the daily VACUUM removes them',
  'the table of results, which holds one row a revision, and the log of Delta',
  'rejected samples: one row each, by their key',
];
