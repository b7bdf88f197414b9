/** A template in terms that the engine and the libraries share; each side spells it in its own dialect. */
export interface BenchTemplate {
  readonly typeName: string;
  /** The match is the object below the message that has one of these members. */
  readonly anyOf: readonly string[];
  /** Only where the first member compares so with the number. */
  readonly where?: { readonly operator: '==' | '>'; readonly number: number };
  readonly language: 'JsonPath' | 'JmesPath';
  readonly values: readonly string[];
}

const jsonPath = (typeName: string, ...values: string[]): BenchTemplate => ({
  typeName,
  anyOf: values,
  language: 'JsonPath',
  values,
});
const jmesPath = (typeName: string, ...values: string[]): BenchTemplate => ({
  ...jsonPath(typeName, ...values),
  language: 'JmesPath',
});

/** What the ward's monitors send, what it does not send, and both expression languages. */
export const templates: readonly BenchTemplate[] = [
  jsonPath('heartRate', 'hr'),
  jsonPath('respiratoryRate', 'resp'),
  jsonPath('oxygenSaturation', 'spo2'),
  jsonPath('bodyTemperature', 'temp'),
  jsonPath('cuffBloodPressure', 'nbpsys', 'nbpdias'),
  jsonPath('arterialBloodPressure', 'abpsys', 'abpdias', 'abpmean'),
  jsonPath('pulseRate', 'pulse'),
  { ...jsonPath('consciousnessAlert', 'avpu'), where: { operator: '==', number: 0 } },
  { ...jsonPath('consciousnessNotAlert', 'avpu'), where: { operator: '==', number: 1 } },
  { ...jsonPath('breathingRoomAir', 'oxygen'), where: { operator: '==', number: 0 } },
  { ...jsonPath('breathingOxygen', 'oxygen'), where: { operator: '>', number: 0 } },
  { ...jsonPath('batteryLow', 'battery'), where: { operator: '==', number: 50 } },
  jsonPath('glucose', 'glucose'),
  jsonPath('weight', 'weight', 'height'),
  jsonPath('endTidalCarbonDioxide', 'etco2'),
  jmesPath('steps', 'steps'),
  jmesPath('sequence', 'sequence'),
];

const deviceId = 'iothub-connection-device-id';

/** The engine's own mapping file. */
export function deviceMappingText(given: readonly BenchTemplate[]): string {
  const template = given.map((one) => ({ templateType: 'CalculatedContent', template: calculated(one) }));
  return JSON.stringify({ templateType: 'CollectionContent', template });
}

function calculated({ typeName, anyOf, where, language, values }: BenchTemplate) {
  if (language === 'JmesPath') {
    return {
      typeName,
      defaultExpressionLanguage: 'JmesPath',
      typeMatchExpression: jmesMatch(anyOf),
      deviceIdExpression: jmesDeviceId,
      timestampExpression: 'matchedToken.time',
      values: values.map((name) => ({ valueName: name, valueExpression: `matchedToken.${name}` })),
    };
  }
  const compared = where === undefined ? '' : ` ${where.operator} ${where.number}`;
  return {
    typeName,
    typeMatchExpression: `$..[?(${anyOf.map((name) => `@${name}${compared}`).join(' || ')})]`,
    deviceIdExpression: `$.SystemProperties.${deviceId}`,
    timestampExpression: '$.matchedToken.time',
    values: values.map((name) => ({ valueName: name, valueExpression: `$.matchedToken.${name}` })),
  };
}

/** As RFC 9535 spells it: the children of every node are tested, and the message itself is none. */
export function standardMatch({ anyOf, where }: BenchTemplate): string {
  const compared = where === undefined ? '' : ` ${where.operator} ${where.number}`;
  return `$..[?(${anyOf.map((name) => `@.${name}${compared}`).join(' || ')})]`;
}

export function jmesMatch(anyOf: readonly string[]): string {
  return `(${anyOf.map((name) => `Body.${name}`).join(' || ')}) && Body`;
}

export const jmesDeviceId = `SystemProperties."${deviceId}"`;
export const standardDeviceId = `$.SystemProperties['${deviceId}']`;
