import { Percentiles } from './percentiles';
import type { LatencyMeasure, LatencySnapshot, LatencyStage } from './snapshot';

/** A window that the dashboard shows for the first time, and where it had been. Milliseconds of the virtual clock. */
export interface ShownWindow {
  readonly lastSampleAt: number;
  /** When the event hub `scored` took it. */
  readonly scoredAt: number;
  /** When its row was written. */
  readonly writtenAt: number;
  readonly shownAt: number;
}

const kept = 1024;

/** Of the latest windows and messages: how old what is on the screen is, and where that time went. */
export class LatencyBoard {
  private readonly stages: Readonly<Record<LatencyStage, Percentiles>> = {
    sampleAge: new Percentiles(kept),
    transport: new Percentiles(kept),
    windowWait: new Percentiles(kept),
    processing: new Percentiles(kept),
    screen: new Percentiles(kept),
  };

  /** @param takenAt when the hub took what a device measured at `measuredAt` */
  arrived(measuredAt: number, takenAt: number): void {
    this.stages.transport.add(Math.max(0, takenAt - measuredAt));
  }

  /** A sample waits for the end of its window and for those that may come late; its transport is within that. */
  shown({ lastSampleAt, scoredAt, writtenAt, shownAt }: ShownWindow): void {
    this.stages.sampleAge.add(shownAt - lastSampleAt);
    this.stages.windowWait.add(Math.max(0, scoredAt - lastSampleAt));
    this.stages.processing.add(Math.max(0, writtenAt - scoredAt));
    this.stages.screen.add(Math.max(0, shownAt - writtenAt));
  }

  snapshot(): LatencySnapshot {
    const { sampleAge, transport, windowWait, processing, screen } = this.stages;
    return {
      sampleAge: measureOf(sampleAge),
      transport: measureOf(transport),
      windowWait: measureOf(windowWait),
      processing: measureOf(processing),
      screen: measureOf(screen),
    };
  }
}

function measureOf(values: Percentiles): LatencyMeasure | null {
  const [p50Ms, p95Ms] = values.read(0.5, 0.95) ?? [];
  return p50Ms === undefined || p95Ms === undefined ? null : { p50Ms, p95Ms };
}
