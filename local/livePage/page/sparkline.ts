import uPlot from 'uplot';
import type { DeviceSnapshot } from '../snapshot';

const size = { width: 190, height: 34 };
const dark = matchMedia('(prefers-color-scheme: dark)');
const ink = () => getComputedStyle(document.documentElement).getPropertyValue('--spark').trim();

/** A small curve of one vital sign of one device. */
export class Sparkline {
  private readonly plot: uPlot;

  constructor(cell: HTMLElement) {
    const options: uPlot.Options = {
      ...size,
      legend: { show: false },
      cursor: { show: false },
      axes: [{ show: false }, { show: false }],
      padding: [3, 3, 3, 3],
      scales: { x: { time: false } },
      series: [{}, { stroke: ink, width: 1.75, spanGaps: true, points: { show: false } }],
    };
    this.plot = new uPlot(options, [[], []], cell);
    dark.addEventListener('change', this.redraw);
  }

  show(device: DeviceSnapshot, vital: string): void {
    const { times, values } = device.history;
    this.plot.setData([[...times], [...(values[vital] ?? times.map(() => null))]]);
  }

  remove(): void {
    dark.removeEventListener('change', this.redraw);
    this.plot.destroy();
  }

  private readonly redraw = () => this.plot.redraw(false);
}
