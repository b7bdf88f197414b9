import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { CapturingHubs } from './support/capture';
import { type TestContext, testContext } from './support/context';
import { until } from './support/eventHubs';

const trusted = getCACertificates('default');

let context: TestContext;
let capturing: CapturingHubs;

beforeEach(async () => {
  context = await testContext();
  setDefaultCACertificates([...trusted, context.certificates.authority]);
  capturing = await new CapturingHubs(context).start();
});

afterEach(async () => {
  await capturing.close();
  context.close();
  setDefaultCACertificates(trusted);
});

test('events come into files by partition and time', async () => {
  const id = await capturing.hub('enriched', { partitionCount: 2 });
  await capturing.send(id, 'a', ['1', '2']);
  await capturing.send(id, 'b', ['3']);
  await until('all is captured', () => capturing.stats('enriched').capture?.behind === 0);
  const files = await capturing.files('bronze');
  expect(Object.keys(files).every((name) => name.endsWith('/2026/01/05/00/00/00-evhns-test.avro'))).toBe(true);
  expect(
    Object.values(files)
      .flat()
      .map(({ Body }) => String(Body))
      .sort(),
  ).toEqual(['1', '2', '3']);
});
