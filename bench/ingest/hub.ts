import { LocalCloud } from '../../local/cloud';
import { lineLog } from '../../local/core/log';
import { StateFolder } from '../../local/core/state';
import { judge } from '../../local/identity/principals';
import { deployLocalStack, type LocalStack } from '../../local/localStack';
import { serve } from '../childProcess';

/** The hub under measurement: the local cloud with the stack `local` in it, in the state folder of the first argument. */
class Hub {
  private constructor(
    private readonly cloud: LocalCloud,
    private readonly stack: LocalStack,
  ) {}

  static async start(folder: string): Promise<Hub> {
    const log = lineLog(true);
    const cloud = await LocalCloud.start({ state: StateFolder.open(folder), clockStart: Date.now(), log });
    // Steps 1 to 4 alone: clock marks would be counted as messages, and functions take processors from the hub.
    const without = ['connector', 'scoring', 'hotPath'].map((part) => [`hospital:${part}Enabled`, false]);
    const settings = Object.fromEntries(without);
    const stack = await deployLocalStack(cloud, { roleDelaySeconds: 0, settings, log, onProgress: () => {} });
    cloud.clock.run();
    return new Hub(cloud, stack);
  }

  place() {
    const { cloud, stack } = this;
    return {
      stack,
      serverAuthority: cloud.certificates.authority,
      deviceAuthorityFolder: cloud.state.folder('devices'),
      consumerEnvironment: cloud.identityEnvironment([judge]),
    };
  }

  /** Messages that wait for an endpoint, devicedata and raw container together, after open raw batches were ended. */
  async behind(): Promise<number> {
    const { clock, iotHubs } = this.cloud;
    await clock.advanceTo(clock.now() + this.stack.rawBatchSeconds * 1000);
    return iotHubs.health(this.stack.iotHubId).reduce((sum, endpoint) => sum + endpoint.behind, 0);
  }
}

let hub: Hub;
const handlers = {
  start: async (folder: string) => {
    hub = await Hub.start(folder);
    return hub.place();
  },
  behind: () => hub.behind(),
};
export type HubHandlers = typeof handlers;

serve(handlers);
