import fc from 'fast-check';
import type { ScoredWindow } from '../../runtime/contracts/scored';
import { corrected, scored, stay, windowMs } from './hotPathStep';
import { dayStart, KernelPatient, normalCharted, normalDevice } from './kernelPatient';

const levels = ['low-medium', 'medium', 'high'] as const;

/** What the real kernel makes of any course of a stay: values that come, are grave or border, or stay away. */
export const coursesOf = (mostRuns: number) =>
  fc
    .record({
      runs: fc.array(
        fc.record({
          kind: fc.constantFrom('well', 'grave', 'border', 'silent', 'charted'),
          length: fc.integer({ min: 1, max: 7 }),
        }),
        { minLength: 1, maxLength: mostRuns },
      ),
      leaves: fc.boolean(),
    })
    .map(({ runs, leaves }) => {
      const course = runs.flatMap(({ kind, length }) => new Array<(typeof runs)[number]['kind']>(length).fill(kind));
      const patient = new KernelPatient();
      const data = {
        well: { device: normalDevice },
        grave: { device: { respirationRate: 30, oxygenSaturation: 90, heartRate: 135 } },
        border: { device: { respirationRate: 23, oxygenSaturation: 93, heartRate: 95 } },
        silent: {},
        charted: { device: normalDevice, charted: normalCharted },
      };
      return course.map((kind, index) =>
        scored(
          patient.result({
            ...data[kind],
            presence: [
              ...(index === 0 ? [stay('start', dayStart)] : []),
              ...(leaves && index === course.length - 1 ? [stay('end', dayStart + (index + 0.5) * windowMs)] : []),
            ],
          }),
        ),
      );
    });

/** Any of the windows may be scored again, and come at any later place. */
export const withCorrectionsOf = (mostRuns: number) =>
  fc
    .record({
      windows: coursesOf(mostRuns),
      picks: fc.array(fc.record({ of: fc.nat(), at: fc.nat(), level: fc.nat(2) }), { maxLength: 5 }),
    })
    .map(({ windows, picks }) => {
      const stream = [...windows];
      for (const { of, at: place, level } of picks) {
        const window = windows[of % windows.length] as ScoredWindow;
        const revision = Math.max(...stream.filter(({ start }) => start === window.start).map((one) => one.revision));
        const flag = { ...window.flag, level: levels[level] ?? 'high', since: window.flag.since ?? window.start };
        const again = corrected({ ...window, revision }, level === 0 ? {} : { flag });
        const after = stream.findLastIndex(({ start }) => start === window.start) + 1;
        stream.splice(after + (place % (stream.length - after + 1)), 0, again);
      }
      return stream;
    });

export const courses = coursesOf(8);
export const withCorrections = withCorrectionsOf(8);
