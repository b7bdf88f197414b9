import type { Benchmark } from './benchmark';
export const engine: Benchmark = {
  name: 'engine',
  what: '',
  aims: [],
  run: async () => ({ figures: {}, notMeasured: [] }),
};
