import type { DeviceMapping } from '../../runtime/medtech/mapping/deviceMapping';
import type { Place } from '../../runtime/medtech/mapping/source';
import { normalize, rootOf } from '../../runtime/medtech/normalize';
import { explain, type Finding } from './explain';
import type { SampleMessage } from './messages';
import type { MessageReport, Problem } from './report';

interface Files {
  readonly deviceFile: string;
  readonly messagesFile: string;
}

/**
 * Normalizes the messages. A message that fails or gives no measurement is an error, with what each template made of
 * it; a template that no message is for, and a value that is left out, are notes.
 */
export function tryMessages(
  mapping: DeviceMapping,
  messages: readonly SampleMessage[],
  files: Files,
  report: (problem: Problem) => void,
): readonly MessageReport[] {
  const unused = new Set(mapping.templates);
  const explained = new Set<Place>();
  const reports = messages.map(({ line, message }, index) => {
    const { measurements, error } = normalize(mapping, message);
    const number = index + 1;
    const at = { file: files.messagesFile, line, messageNumber: number };
    const unreadable = error?.errorName === 'InvalidDataFormatException';
    const findings = unreadable ? [] : explain(mapping, rootOf(mapping, message));
    for (const template of mapping.templates) {
      const { place } = template.typeMatch;
      if (!findings.some((finding) => finding.kind === 'noMatch' && finding.place === place)) unused.delete(template);
    }
    if (error !== undefined) report({ level: 'error', ...at, message: `${error.errorName}: ${error.message}` });
    else if (measurements.length === 0) report({ level: 'error', ...at, message: nothing });
    const empty = measurements.length === 0 && error === undefined;
    for (const finding of findings) {
      if (finding.kind === 'noMatch' && !empty) continue;
      report(problemOf(finding, number, files));
      explained.add(finding.place);
    }
    return { number, line, measurements };
  });
  if (messages.length > 0) {
    for (const { typeMatch, typeName } of unused) {
      if (explained.has(typeMatch.place)) continue;
      const message = `No message is of type ${typeName}: typeMatchExpression '${typeMatch.text}' gave nothing.`;
      report({ level: 'note', file: files.deviceFile, ...typeMatch.place, message });
    }
  }
  return reports;
}

const nothing = 'No template matched: the message gives no measurement.';

function problemOf({ typeName, place, kind, reason }: Finding, messageNumber: number, files: Files): Problem {
  const level = kind === 'failed' ? 'error' : 'note';
  const what = kind === 'dropped' ? `${reason} It is left out.` : reason;
  return { level, file: files.deviceFile, ...place, messageNumber, message: `${typeName}: ${what}` };
}
