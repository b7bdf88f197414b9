import { createHash } from 'node:crypto';
import type { JsonObject } from '../dataPlane/document';
import type { CompleteSettings } from './defaults';

type EdgeSettings = NonNullable<CompleteSettings['edge']>;

/** An automatic deployment as it is applied or handed to the device team. */
export interface EdgeDeploymentPlan {
  readonly deploymentId: string;
  readonly deployment: JsonObject;
}

/** What gateways run: the two modules of IoT Edge, which keep messages and pass all of them on. */
export function edgeDeployment(hospitalId: string, settings: CompleteSettings, edge: EdgeSettings): EdgeDeploymentPlan {
  const content = { modulesContent: { $edgeAgent: edgeAgent(edge), $edgeHub: edgeHub(edge) } };
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 8);
  return {
    deploymentId: `${edge.deploymentId}-${hash}`,
    deployment: {
      labels: { hospitalId, environment: settings.environment },
      targetCondition: edge.targetCondition,
      priority: edge.priority,
      content,
    },
  };
}

/** Schema versions of the module twins ("Properties of the IoT Edge agent and hub module twins"). */
const twinSchemaVersion = '1.1';

function edgeAgent({ edgeAgentImageTag, edgeHubImageTag }: EdgeSettings): JsonObject {
  const registry = 'mcr.microsoft.com';
  return {
    'properties.desired': {
      schemaVersion: twinSchemaVersion,
      runtime: { type: 'docker', settings: { minDockerVersion: 'v1.25' } },
      systemModules: {
        edgeAgent: {
          type: 'docker',
          settings: { image: `${registry}/azureiotedge-agent:${edgeAgentImageTag}`, createOptions: '{}' },
        },
        edgeHub: {
          type: 'docker',
          status: 'running',
          restartPolicy: 'always',
          settings: { image: `${registry}/azureiotedge-hub:${edgeHubImageTag}`, createOptions: hubPorts() },
        },
      },
      modules: {},
    },
  };
}

/** Devices reach the gateway by MQTT (8883), AMQP (5671) and HTTPS (443). Create options travel as text. */
function hubPorts(): string {
  const ports = ['443', '5671', '8883'];
  const bindings = Object.fromEntries(ports.map((port) => [`${port}/tcp`, [{ HostPort: port }]]));
  return JSON.stringify({ HostConfig: { PortBindings: bindings } });
}

function edgeHub({ timeToLiveSecs }: EdgeSettings): JsonObject {
  return {
    'properties.desired': {
      schemaVersion: twinSchemaVersion,
      routes: { upstream: 'FROM /messages/* INTO $upstream' },
      storeAndForwardConfiguration: { timeToLiveSecs },
    },
  };
}
