import { type Benchmark, median } from './benchmark';
import { runPython } from './spark/runPython';

/** 35 measurements a patient and window, of seven vitals. */
const patients = 1000;
const windows = 57;
const rounds = 6;

interface Answer {
  readonly measurements: number;
  readonly windows: number;
  readonly seconds: Readonly<Record<'slotsAndV8' | 'listsAndPandas' | 'news2InSql', readonly number[]>>;
}

export const spark: Benchmark = {
  name: 'spark',
  what: '2 million measurements with duplicates to results in local Spark, beside lists in a pandas UDF, and NEWS2 in SQL',
  aims: [{ figure: 'ratioToListsAndPandas', atLeast: 1.5 }],
  async run(say) {
    const answer = await runPython<Answer>('compare.py', { patients, windows, rounds }, say);
    const { slotsAndV8, listsAndPandas, news2InSql } = answer.seconds;
    const ratios = slotsAndV8.map((own, round) => (listsAndPandas[round] as number) / own);
    return {
      figures: {
        measurements: answer.measurements,
        windows: answer.windows,
        slotsAndV8MedianSeconds: median(slotsAndV8),
        listsAndPandasMedianSeconds: median(listsAndPandas),
        news2InSqlMedianSeconds: median(news2InSql),
        measurementsPerSecond: Math.round(answer.measurements / median(slotsAndV8)),
        ratioToListsAndPandas: Math.round(median(ratios) * 100) / 100,
      },
      notMeasured,
    };
  },
};

const notMeasured = [
  'a cluster: both run on this machine, in one JVM with two cores',
  'the stream: Kafka, JSON, Delta and checkpoints are left out on both sides; messages are read from Parquet, results go nowhere',
  'flags, trend, carry-forward, data gaps, context and JSON of the results: the lists in pandas do without them, V8 does them',
  'batches: the job takes at most 400,000 messages at once, here all of them are one',
  'which of two measurements of one instant wins: the lists in pandas leave that open',
];
