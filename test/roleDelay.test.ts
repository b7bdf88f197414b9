import { HospitalEnvironment } from '../components';
import { hospitalProgram, localConfig } from '../local/localStack';
import { HospitalCloud } from './support/hospitalCloud';

/** A role works 30 s after it was assigned; Azure takes minutes. */
const roleDelaySeconds = 30;
let hospital: HospitalCloud;

beforeAll(async () => {
  hospital = await HospitalCloud.start({ roleDelaySeconds });
});

afterAll(() => hospital.close());

test('without waiting, a deployment fails and names the roles that do not work yet: of routes, and of Capture', async () => {
  // By the `pulumi` command: a program inside this process outlives a failed update.
  const stack = hospital.cloud.stack('hasty', hospitalProgram);
  await stack.configure({
    ...(await localConfig(hospital.cloud, roleDelaySeconds)),
    'hospital:hospitalId': 'hasty',
    'hospital:hotPathEnabled': false,
    'hospital:rolePropagationSeconds': 0,
  });
  const all = ['up', '--yes', '--skip-preview', '--continue-on-error', ...stack.stackArgs()];
  const { code, stdout, stderr } = await stack.run(all);
  expect(code).not.toBe(0);
  expect(stdout + stderr).toMatch(
    /RoutingEndpointNotAuthorized .*needs the role "Azure Event Hubs Data Sender" on \/subscriptions/,
  );
  expect(stdout + stderr).toMatch(
    /'id-hasty-dev-capture-\S+ .* may not do 'Microsoft\.Storage\/\S+\/blobs\/write' on '\S+\/containers\/bronze'/,
  );
});

test('a deployment waits for its roles once, and succeeds', async () => {
  const args = await hospital.args('patient', { rolePropagationSeconds: roleDelaySeconds + 1 });
  const stack = await hospital.stack('patient');
  const program = async () => void new HospitalEnvironment('hospital', args);
  await stack.up(program);
  const types = (await stack.resources()).map(({ type }) => type);
  expect(types.filter((type) => type.endsWith(':EnrollmentGroup'))).toHaveLength(2);
  expect(types.filter((type) => type.endsWith(':EdgeDeployment'))).toHaveLength(1);
  // Event Hubs tries the role on the lake when a hub is made that is captured.
  const captured = hospital.cloud.eventHubs.stats().filter(({ capture }) => capture !== undefined);
  expect(captured.map(({ eventHub }) => eventHub).sort()).toEqual(['enriched', 'scored']);
});
