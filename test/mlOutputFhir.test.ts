import type { ScoredWindow } from '../runtime/contracts/scored';
import type { Flag, RiskAssessment, ScoreObservation } from '../runtime/hotPath/fhirTypes';
import { FhirInProcess } from './support/fhirInProcess';
import { HotPathStep, scored, stay } from './support/hotPathStep';
import { dayStart, KernelPatient, normalCharted, normalDevice } from './support/kernelPatient';

type Versioned<T> = T & { readonly version: number };

let fhir: FhirInProcess;
beforeEach(() => {
  fhir = new FhirInProcess();
});
afterEach(() => fhir.close());

const assessments = () => fhir.all<Versioned<RiskAssessment>>('RiskAssessment');
const scores = () => fhir.all<Versioned<ScoreObservation>>('Observation');
const flags = () => fhir.all<Versioned<Flag>>('Flag');
const everything = () => [...assessments(), ...scores(), ...flags()];

const grave = { respirationRate: 30, oxygenSaturation: 90, heartRate: 135 };

/** A stay: well, then grave, then without data. */
function stayOf(): ScoredWindow[] {
  const patient = new KernelPatient();
  return [
    scored(patient.result({ device: normalDevice, charted: normalCharted, presence: [stay('start', dayStart)] })),
    scored(patient.result({ device: grave })),
    scored(patient.result({})),
    scored(patient.result({})),
  ];
}

test('a window becomes a RiskAssessment and a score, an episode a Flag; read again by anybody, no version changes', async () => {
  const step = new HotPathStep(fhir.transport);
  await step.handle(stayOf().slice(0, 2));
  await step.handle(stayOf().slice(2), 2);
  expect(step.letters).toEqual([]);
  expect(assessments()).toHaveLength(4);
  expect(scores()).toHaveLength(4);
  expect(
    flags()
      .map(({ status, code }) => `${status} ${code.coding?.[0]?.code}`)
      .sort(),
  ).toEqual(['active data-gap', 'active deterioration-high']);
  const before = everything();
  await new HotPathStep(fhir.transport).handle(stayOf());
  await step.handle(stayOf(), 0);
  await step.handle(stayOf(), 4);
  expect(everything()).toEqual(before);
});
