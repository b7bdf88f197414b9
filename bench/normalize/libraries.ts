import { compile as compileJmesPath, TreeInterpreter } from '@jmespath-community/jmespath';
import { compile as compileJsonPath } from 'json-p3';
import { JSONPath } from 'jsonpath-plus';
import type { Measurement } from '../../runtime/contracts/measurement';
import type { CorpusMessage } from './corpus';
import { type BenchTemplate, jmesDeviceId, jmesMatch, standardDeviceId, standardMatch } from './templates';

type Select = (document: object) => unknown[];

/** A library's way to evaluate JSONPath. */
interface Dialect {
  readonly compile: (path: string) => Select;
}

export const jsonP3: Dialect = {
  compile(path) {
    const query = compileJsonPath(path);
    return (document) => query.query(document as Parameters<typeof query.query>[0]).values() as unknown[];
  },
};

/** Filters in its own evaluator (`safe`), as a mapping from outside must not run as JavaScript. */
export const jsonPathPlus: Dialect = {
  compile(path) {
    return (document) => JSONPath({ path, json: document, eval: 'safe', wrap: true }) as unknown[];
  },
};

/** JMESPath is the same library beside both: a path's one value, or nothing. */
function jmes(expression: string): Select {
  const compiled = compileJmesPath(expression);
  return (document) => {
    const value = TreeInterpreter.search(compiled, document as Parameters<typeof TreeInterpreter.search>[1]);
    return value === null ? [] : [value];
  };
}

/** The same templates in a loop around a library, from bytes to bytes, as one would write it without an engine. */
export function libraryNormalizer(templates: readonly BenchTemplate[], dialect: Dialect) {
  const compiled = templates.map((template) => {
    const compile = template.language === 'JmesPath' ? jmes : dialect.compile;
    const dollar = template.language === 'JmesPath' ? '' : '$.';
    return {
      typeName: template.typeName,
      match: compile(template.language === 'JmesPath' ? jmesMatch(template.anyOf) : standardMatch(template)),
      deviceId: compile(template.language === 'JmesPath' ? jmesDeviceId : standardDeviceId),
      time: compile(`${dollar}matchedToken.time`),
      values: template.values.map((name) => ({ name, select: compile(`${dollar}matchedToken.${name}`) })),
    };
  });
  return (message: CorpusMessage): Buffer[] => {
    const root = {
      Body: JSON.parse(message.body.toString('utf8')),
      Properties: message.properties,
      SystemProperties: message.systemProperties,
    };
    const ingestion = isoTime(message.enqueuedTime);
    return compiled.flatMap(({ typeName, match, deviceId, time, values }) =>
      match(root).map((matchedToken) => {
        const document = { ...root, matchedToken };
        const measurement: Measurement = {
          Type: typeName,
          OccurrenceTimeUtc: isoTime(String(time(document)[0])),
          IngestionTimeUtc: ingestion,
          DeviceId: String(deviceId(document)[0]),
          PatientId: null,
          EncounterId: null,
          CorrelationId: null,
          Properties: values.flatMap(({ name, select }) => {
            const [value] = select(document);
            return value === undefined ? [] : [{ Name: name, Value: String(value) }];
          }),
        };
        return Buffer.from(JSON.stringify(measurement));
      }),
    );
  };
}

function isoTime(text: string): string {
  return new Date(text).toISOString().replace(/\.?0+Z$/, 'Z');
}
