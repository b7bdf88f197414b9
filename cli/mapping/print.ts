import type { Problem, Report } from './report';

/** The report for people: measurements and Observations one a line, then what is wrong and where. */
export function printed(report: Report): string {
  const { compatibility, messages, observations, problems, madeUp } = report;
  const measured = messages.flatMap(({ number, line, measurements }) => [
    `message ${number} (line ${line}): ${count(measurements.length, 'measurement')}`,
    ...measurements.map((measurement) => `  ${JSON.stringify(measurement)}`),
  ]);
  const observed = observations.map((observation) => `  ${JSON.stringify(observation)}`);
  const ids = `patient ${madeUp.patient}, device ${madeUp.device}: made up, a FHIR service knows the real ones`;
  const errors = problems.filter(({ level }) => level === 'error').length;
  return [
    `device mapping ${report.device}`,
    report.fhir === undefined ? 'no FHIR mapping, so no Observations' : `FHIR mapping ${report.fhir}`,
    `compatibility ${compatibility}`,
    '',
    ...measured,
    ...(observed.length > 0 ? ['', `${count(observed.length, 'Observation')} (${ids})`, ...observed] : []),
    ...(problems.length > 0 ? ['', ...problems.map(problemLine)] : []),
    '',
    `${count(errors, 'problem')}, ${count(messages.length, 'message')}, ${count(observations.length, 'Observation')}`,
  ].join('\n');
}

/** `file:line:column`, which editors and CI systems make links of. */
function problemLine({ level, file, line, column, path, messageNumber, message }: Problem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const about = [path, messageNumber === undefined ? undefined : `message ${messageNumber}`].filter(Boolean).join(', ');
  return `${place}: ${level}: ${message}${about === '' ? '' : ` (${about})`}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
