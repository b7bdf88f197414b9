import type { CapabilityStatement } from '@medplum/fhirtypes';
import { allResourceTypes, parametersOf } from './definitions';

type Resource = NonNullable<NonNullable<CapabilityStatement['rest']>[0]['resource']>[0];

const interactions = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'create',
  'search-type',
] as const;

/** What `GET /metadata` answers. */
export function capabilities(base: string, now: number): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date(now).toISOString(),
    kind: 'instance',
    software: { name: 'pulumi-azure-iomt local FHIR service' },
    implementation: { description: 'Stands in for a FHIR service of Azure Health Data Services', url: base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    patchFormat: ['application/json-patch+json'],
    rest: [
      {
        mode: 'server',
        interaction: [{ code: 'batch' }, { code: 'transaction' }],
        resource: allResourceTypes().map(resourceCapabilities),
      },
    ],
  };
}

function resourceCapabilities(type: string): Resource {
  return {
    type: type as Resource['type'],
    interaction: interactions.map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalDelete: 'single',
    searchParam: [...parametersOf(type).values()].map(({ code, type: kind }) => ({ name: code, type: kind })),
  };
}
