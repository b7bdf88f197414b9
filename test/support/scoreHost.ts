import { zipSync } from 'fflate';
import { readBundle } from '../../components/azure/bundle';
import { accountId, type TestFunctionHost } from './functionHost';

export const scoreContainers = ['state', 'bronze', 'baselines'] as const;

/** Makes the hubs and containers of the app `score`, and deploys its bundle; resolves when it runs. Returns the site's id. */
export async function deployScore(host: TestFunctionHost, partitions: number, kernel: object = {}): Promise<string> {
  await host.hubs.hub('enriched', partitions);
  await host.hubs.hub('scored', partitions);
  for (const group of ['score', 'rebuild']) await host.hubs.consumerGroup('enriched', group);
  host.grants('score');
  for (const name of scoreContainers) {
    const id = `${accountId}/blobServices/default/containers/${name}`;
    await host.blobs.provision(host.context.resources.put('storage:BlobContainer', id, {}));
  }
  const { clientId } = host.identity('score');
  const site = await host.site('score', {
    Enriched__fullyQualifiedNamespace: host.hubs.host,
    Enriched__credential: 'managedidentity',
    Enriched__clientId: clientId,
    Scored__fullyQualifiedNamespace: host.hubs.host,
    Scored__clientId: clientId,
    ENRICHED_HUB: 'enriched',
    SCORE_CONSUMER_GROUP: 'score',
    REBUILD_CONSUMER_GROUP: 'rebuild',
    SCORED_HUB: 'scored',
    KERNEL_SETTINGS: JSON.stringify(kernel),
    STATE_CONTAINER_URL: `${host.blobEndpoint}state`,
    BRONZE_CONTAINER_URL: `${host.blobEndpoint}bronze`,
    BASELINES_CONTAINER_URL: `${host.blobEndpoint}baselines`,
    LAKE_CLIENT_ID: clientId,
    REPAIR_SCHEDULE: '*/5 * * * * *',
    PENDING_SCHEDULE: '*/5 * * * * *',
    MODEL: '',
  });
  const file = (value: object) => Buffer.from(JSON.stringify(value));
  const files = {
    'host.json': file({ version: '2.0' }),
    'package.json': file({ main: 'main.js', type: 'commonjs' }),
    'main.js': readBundle('score'),
  };
  await host.apps.deploy(site, Buffer.from(zipSync(files)));
  await host.runs('score');
  return site;
}
