import { starterMapping } from '../../mappings/starter';

/** How a device mapping reads the rate of an infusion pump, which is sent a minute and recorded an hour (mL). */
export const infusionRates = {
  /** Fails for a pump that sends its rate as text. */
  numbersOnly: 'multiply(Body.rate, `60`)',
  numbersAndTexts: 'multiply(to_number(Body.rate), `60`)',
} as const;

/** Seconds between two samples of the pulse waveform's amplitude. */
export const amplitudeSeconds = 10;

/** The starter mapping, and templates for an infusion pump and for samples that are grouped by the hour. */
export function deviceMappingWith(infusionRate: string): string {
  const rate = { value: infusionRate, language: 'JmesPath' };
  return extended('device', [
    deviceTemplate('infusionRate', '$..[?(@Body.rate != null)]', { valueName: 'rate', valueExpression: rate }),
    deviceTemplate('pulseAmplitude', '$..[?(@Body.amplitude != null)]', {
      valueName: 'amplitude',
      valueExpression: '$.Body.amplitude',
    }),
  ]);
}

export const infusionCode = { code: 'infusion-rate', system: 'urn:iomt:test', display: 'Infusion rate' } as const;
export const amplitudeCode = { code: 'pulse-amplitude', system: 'urn:iomt:test', display: 'Pulse amplitude' } as const;

export function fhirMapping(): string {
  const hourly = {
    valueType: 'SampledData',
    valueName: 'amplitude',
    defaultPeriod: amplitudeSeconds * 1000,
    unit: '%',
  };
  return extended('fhir', [
    fhirTemplate('infusionRate', 0, infusionCode, { valueType: 'Quantity', valueName: 'rate', unit: 'mL/h' }),
    fhirTemplate('pulseAmplitude', 60, amplitudeCode, hourly),
  ]);
}

function extended(kind: 'device' | 'fhir', templates: readonly object[]): string {
  const starter = JSON.parse(starterMapping(kind)) as { readonly template: readonly object[] };
  return JSON.stringify({ ...starter, template: [...starter.template, ...templates] }, undefined, 2);
}

function deviceTemplate(typeName: string, typeMatchExpression: string, value: object): object {
  const template = {
    ...{ typeName, typeMatchExpression, timestampExpression: '$.Body.time' },
    deviceIdExpression: '$.SystemProperties.iothub-connection-device-id',
    values: [{ ...value, required: true }],
  };
  return { templateType: 'CalculatedContent', template };
}

function fhirTemplate(typeName: string, periodInterval: number, code: object, value: object): object {
  return { templateType: 'CodeValueFhir', template: { typeName, periodInterval, codes: [code], value } };
}
