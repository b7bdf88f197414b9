import { readFileSync } from 'node:fs';
import { starterMappingFile } from '../../mappings/starter';
import type { Measurement } from '../../runtime/contracts/measurement';
import type { Compatibility } from '../../runtime/medtech/compatibility';
import type { Observation } from '../../runtime/medtech/fhir/resources';
import { type DeviceMapping, loadDeviceMapping } from '../../runtime/medtech/mapping/deviceMapping';
import { type FhirMapping, loadFhirMapping } from '../../runtime/medtech/mapping/fhirMapping';
import type { MappingProblem } from '../../runtime/medtech/mapping/source';
import { tryMessages } from './messageReport';
import { readMessages } from './messages';
import { madeUpIds, observationsOf } from './observationReport';
import type { Options } from './options';

/** One thing that is wrong, or worth knowing (`warning`, `note`), and where. */
export interface Problem {
  readonly level: 'error' | 'warning' | 'note';
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Place in the mapping, such as `$.template[0].template.typeName`. */
  readonly path?: string;
  /** Which message, from 1. */
  readonly messageNumber?: number;
  readonly message: string;
}

export interface MessageReport {
  readonly number: number;
  readonly line: number;
  readonly measurements: readonly Measurement[];
}

export interface Report {
  readonly compatibility: Compatibility;
  readonly device: string;
  readonly fhir: string | undefined;
  readonly problems: readonly Problem[];
  readonly messages: readonly MessageReport[];
  readonly observations: readonly Observation[];
  /** Ids in the Observations that stand for what a FHIR service would say. */
  readonly madeUp: { readonly patient: string; readonly device: string };
}

type Inputs = Pick<Options, 'device' | 'fhir' | 'messages' | 'deviceId' | 'compatibility'>;

/** Loads the mappings and runs the messages through them. Every problem is in the report, also a file that is not there. */
export function tryOut(options: Inputs): Report {
  const { compatibility } = options;
  const problems: Problem[] = [];
  const deviceFile = options.device ?? starterMappingFile('device');
  const fhirFile = options.fhir ?? (options.device === undefined ? starterMappingFile('fhir') : undefined);
  const device = load<DeviceMapping>(deviceFile, (text) => loadDeviceMapping(text, compatibility), problems);
  const fhir =
    fhirFile === undefined
      ? undefined
      : load<FhirMapping>(fhirFile, (text) => loadFhirMapping(text, compatibility), problems);
  const messages = messagesOf(options, deviceFile, device, problems);
  const measurements = messages.flatMap((message) => message.measurements);
  const observations =
    fhir === undefined || fhirFile === undefined
      ? []
      : observationsOf(fhir, fhirFile, measurements, (problem) => problems.push(problem));
  return { compatibility, device: deviceFile, fhir: fhirFile, problems, messages, observations, madeUp: madeUpIds };
}

function load<M>(
  file: string,
  read: (text: string) => { readonly mapping: M | undefined; readonly problems: readonly MappingProblem[] },
  problems: Problem[],
): M | undefined {
  const text = textOf(file, problems);
  if (text === undefined) return undefined;
  const loaded = read(text);
  problems.push(...loaded.problems.map((problem) => ({ ...problem, file })));
  return loaded.mapping;
}

function messagesOf(
  options: Inputs,
  deviceFile: string,
  device: DeviceMapping | undefined,
  problems: Problem[],
): readonly MessageReport[] {
  if (options.messages === undefined) return [];
  const file = options.messages;
  const text = textOf(file, problems);
  if (text === undefined) return [];
  const read = readMessages(text, options.deviceId);
  problems.push(...read.problems.map((problem) => ({ level: 'error' as const, file, ...problem })));
  if (device === undefined) return [];
  return tryMessages(device, read.messages, { deviceFile, messagesFile: file }, (problem) => problems.push(problem));
}

function textOf(file: string, problems: Problem[]): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    problems.push({ level: 'error', file, message: `The file cannot be read: ${(error as Error).message}.` });
    return undefined;
  }
}
