import { FhirService } from '@pulumi/azure-native/healthcareapis/fhirService';
import { Workspace } from '@pulumi/azure-native/healthcareapis/workspace';
import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup';
import * as pulumi from '@pulumi/pulumi';
import { IoMTIngest, MedTechConnector, type MedTechConnectorArgs } from '../components';
import { commonSettingsOf, connectorArgsOf } from '../components/hospital/parts';
import { starterMapping } from '../mappings/starter';
import { until } from './support/deviceFleet';
import type { EngineStack, StateResource } from './support/engineStack';
import { HospitalCloud } from './support/hospitalCloud';

/** A connector on what a platform team has made in a stack of its own: ingest and FHIR service. */
let hospital: HospitalCloud;
let platform: EngineStack;
/** Outputs of the platform's stack. */
let made: Record<'deviceDataHubId' | 'eventHubsNamespaceHost' | 'fhirServiceId', string>;
let common: Omit<MedTechConnectorArgs, 'hospitalId' | 'existingDeviceDataHubId'>;

const place = { resourceGroupName: 'rg-platform', location: 'westeurope' };

beforeAll(async () => {
  hospital = await HospitalCloud.start();
  const args = await hospital.args('platform');
  common = { ...connectorArgsOf(args), ...place };
  platform = await hospital.stack('platform');
  const { outputs } = await platform.up(async () => {
    const { name: resourceGroupName } = new ResourceGroup('group', place);
    const { deviceDataHubId, eventHubsNamespaceHost } = new IoMTIngest('ingest', {
      ...{ ...commonSettingsOf('ingest', args), ...args.ingest, hospitalId: 'platform', resourceGroupName },
    });
    const workspace = new Workspace('workspace', { ...place, resourceGroupName, workspaceName: 'hdwsplatform' });
    const fhir = new FhirService('fhir', {
      ...{ ...place, resourceGroupName, workspaceName: workspace.name, fhirServiceName: 'records', kind: 'fhir-R4' },
    });
    return { deviceDataHubId, eventHubsNamespaceHost, fhirServiceId: fhir.id };
  });
  made = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])) as typeof made;
});

afterAll(() => hospital.close());

/** What a preview changes, by name. Reads of what exists are part of each preview, and change nothing. */
async function changes(stack: EngineStack, program: () => Promise<void>, refresh = false): Promise<string[]> {
  const steps = await stack.preview(program, refresh);
  return steps.filter(({ op }) => op !== 'read').map(({ op, name }) => `${op} ${name}`);
}

async function expectNoChange(stack: EngineStack, program: () => Promise<void>): Promise<void> {
  expect(await changes(stack, program)).toEqual([]);
  expect(await changes(stack, program, true)).toEqual([]);
}

function functionsRun(count: number): Promise<void> {
  return until('the functions run', () => {
    const functions = hospital.cloud.functionApps.health().flatMap((app) => app.functions);
    return functions.length === count && functions.every(({ state }) => state === 'running');
  });
}

/** Data goes with both keys: the argument, and the stack's configuration. */
const deletable = { allowDataDeletion: true };

async function destroyWithBothKeys(stack: EngineStack, program: () => Promise<void>): Promise<void> {
  await stack.config('azure-iomt:allowDataDeletion', 'true');
  await stack.up(program);
  await stack.destroy();
  expect(await stack.resources()).toEqual([]);
  expect(await platform.refresh()).toEqual({ same: expect.any(Number) });
}

test('takes hub and FHIR service from the outputs of another stack, and leaves them when it goes', async () => {
  const program = (others: Partial<MedTechConnectorArgs> = {}) => {
    return async () => {
      const outputs = new pulumi.StackReference('organization/controlplane/platform');
      new MedTechConnector('connector', {
        ...{ ...common, ...others, hospitalId: 'referring' },
        existingDeviceDataHubId: outputs.requireOutput('deviceDataHubId'),
        existingFhirServiceId: outputs.requireOutput('fhirServiceId'),
      });
    };
  };
  const stack = await hospital.stack('referring', 'platform');
  await stack.up(program());
  await functionsRun(3);
  const services = (await stack.resources()).filter(({ type }) => type.endsWith(':FhirService'));
  expect(services.map(({ id }) => id)).toEqual([made.fhirServiceId]);
  await expectNoChange(stack, program());
  await destroyWithBothKeys(stack, program(deletable));
});

test('is destroyed with both keys only: FHIR service, hubs and dead letters stay', async () => {
  const program = (others: Partial<MedTechConnectorArgs> = {}) => {
    const ids = { existingDeviceDataHubId: made.deviceDataHubId, eventHubsNamespaceHost: made.eventHubsNamespaceHost };
    return async () => void new MedTechConnector('connector', { ...common, ...ids, ...others, hospitalId: 'leaving' });
  };
  const stack = await hospital.stack('leaving');
  await stack.up(program());
  const isData = ({ protect }: StateResource) => protect;
  const data = (await stack.resources()).filter(isData).map(({ urn }) => urn.split('::').at(-1));
  const services = ['connector-health-workspace', 'connector-fhir', 'connector-normalizeddata', 'connector-fhirevents'];
  const letters = ['connector-dead-letters', 'connector-dead-letters-container'];
  expect(data.sort()).toEqual([...services, ...letters].sort());
  expect(await stack.destroyRefusal()).toMatch(/cannot be deleted.*protected/s);
  await stack.up(program(deletable));
  expect(await stack.destroyRefusal()).toMatch(/cannot be deleted.*protected/s);
  expect((await stack.resources()).filter(isData)).toHaveLength(data.length);
  await destroyWithBothKeys(stack, program(deletable));
});

describe('a managed MedTech service from before', () => {
  const mapping = (kind: 'device' | 'fhir') => ({ content: JSON.parse(starterMapping(kind)) });
  let existingIotConnectorId: string;
  let existingFhirDestinationId: string;

  beforeAll(async () => {
    const { controlPlane } = hospital.cloud;
    const inWorkspace = { ...place, workspaceName: 'hdwsplatform', iotConnectorName: 'managed' };
    const [, eventHubName = ''] = made.deviceDataHubId.split('/eventhubs/');
    existingIotConnectorId = await controlPlane.createAsBefore('healthcareapis:IotConnector', {
      ...inWorkspace,
      identity: { type: 'SystemAssigned' },
      ingestionEndpointConfiguration: {
        ...{ eventHubName, consumerGroup: '$Default' },
        fullyQualifiedEventHubNamespace: made.eventHubsNamespaceHost,
      },
      deviceMapping: mapping('device'),
    });
    existingFhirDestinationId = await controlPlane.createAsBefore('healthcareapis:IotConnectorFhirDestination', {
      ...{ ...inWorkspace, fhirDestinationName: 'records', fhirServiceResourceId: made.fhirServiceId },
      ...{ resourceIdentityResolutionType: 'Lookup', fhirMapping: mapping('fhir') },
    });
  });

  const program = (others: Partial<MedTechConnectorArgs> = {}) => {
    return async () =>
      void new MedTechConnector('connector', {
        ...{ ...common, hospitalId: 'attached', engine: 'attach', existingIotConnectorId, existingFhirDestinationId },
        existingDeviceDataHubId: made.deviceDataHubId,
        existingFhirServiceId: made.fhirServiceId,
        ...others,
      });
  };

  test('is taken over, changed by its mappings alone, and never deleted', async () => {
    const stack = await hospital.stack('attached');
    const service = () => hospital.cloud.controlPlane.resources.get(existingIotConnectorId);
    const before = service();
    await stack.up(program());
    await functionsRun(2);
    await expectNoChange(stack, program());
    expect(service()?.inputs).toEqual(before?.inputs);

    const deviceMapping = starterMapping('device').replace('"$.Body.hr"', '"$.Body.heartRate"');
    const changed = await changes(stack, program({ deviceMapping }));
    expect(changed.sort()).toEqual(['update connector-iot-connector', 'update connector-normalize-package']);
    await stack.up(program({ deviceMapping }));
    expect(service()?.inputs).toMatchObject({
      ...before?.inputs,
      deviceMapping: { content: JSON.parse(deviceMapping) },
    });
    expect(await stack.destroyRefusal()).toMatch(/iot-connector.*cannot be deleted.*protected/s);
    expect(service()).toBeDefined();
  });
});
