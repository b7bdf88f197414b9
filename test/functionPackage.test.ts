import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import * as functionPackage from '../components/dataPlane/functionPackage';
import { labelled } from '../components/dataPlane/labelledText';
import { zipOf } from '../components/dataPlane/zip';
import { PulumiStack } from '../local/pulumiStack';
import { bearer, PackageTarget, signingKey } from './support/packageTarget';

jest.mock('@azure/identity', () => ({
  DefaultAzureCredential: class {
    getToken = async () => ({ token: 'the-token-of-the-deployer', expiresOnTimestamp: 0 });
  },
}));

const projectFolder = resolve(__dirname, '..');
const apps = ['normalize', 'write-observations'];
const texts = { 'host.json': '{ "version": "2.0" }\n', 'mappings/device.json': '{\n  "template": []\n}\n' };
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'function-package-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('packages', () => {
  /** Copies of the sources, so that nobody changes them between two builds. */
  function copyOf(from: string, to: string): string {
    mkdirSync(to, { recursive: true });
    for (const name of ['components', 'runtime', 'mappings', 'setup', 'package.json', 'package-lock.json']) {
      cpSync(join(from, name), join(to, name), { recursive: true });
    }
    symlinkSync(join(projectFolder, 'node_modules'), join(to, 'node_modules'));
    return to;
  }

  /** Builds as a release does and zips each app; the hashes of bundle and package by app. */
  function built(sources: string, workingFolder: string, env: Record<string, string>, umask: string) {
    const script = `
      const { createHash } = require('node:crypto');
      const { readFileSync } = require('node:fs');
      const hash = (content) => createHash('sha256').update(content).digest('hex');
      import(${JSON.stringify(join(sources, 'setup', 'build.mjs'))}).then(async ({ build }) => {
        await build();
        const { zipOf } = require(${JSON.stringify(join(sources, 'dist/components/dataPlane/zip.js'))});
        const hashes = {};
        for (const app of ${JSON.stringify(apps)}) {
          const bundle = readFileSync(${JSON.stringify(join(sources, 'dist/functions'))} + '/' + app + '/main.js');
          hashes[app] = [hash(bundle), hash(await zipOf({ ...${JSON.stringify(texts)}, 'main.js': bundle }))];
        }
        console.log(JSON.stringify(hashes));
      });`;
    const command = `umask ${umask}; exec "$0" -e "$1"`;
    const { stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath, script], {
      cwd: workingFolder,
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    if (!stdout) throw new Error(stderr);
    return JSON.parse(stdout) as Record<string, [bundle: string, zip: string]>;
  }

  test('are the same bytes from any folder, working folder, time zone and umask', () => {
    const here = copyOf(projectFolder, join(folder, 'here'));
    const there = copyOf(here, join(folder, 'far', 'away', 'there'));
    const one = built(here, here, { TZ: 'UTC' }, '022');
    const other = built(there, folder, { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', USER: 'somebody' }, '077');
    expect(Object.keys(one)).toEqual(apps);
    expect(other).toEqual(one);
    expect(new Set(Object.values(one).flat()).size).toBe(2 * apps.length);
  });

  test('hold their members by name, with one date and one mode', async () => {
    const zip = Buffer.from(await zipOf({ 'main.js': 'b', 'host.json': '{}', 'mappings/fhir.json': '{}' }));
    expect(members(zip)).toEqual(
      ['host.json', 'main.js', 'mappings/fhir.json'].map((name) => ({
        name,
        date: '1980-1-1',
        time: 0,
        mode: '100644',
      })),
    );
    const turned = await zipOf({ 'mappings/fhir.json': '{}', 'host.json': '{}', 'main.js': 'b' });
    expect(sha256(turned)).toBe(sha256(zip));
  });
});

/** The central directory of a zip (APPNOTE.TXT, 4.3.12). */
function members(zip: Buffer) {
  const found = [];
  for (let at = zip.indexOf('PK\x01\x02', 'latin1'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 4, 'latin1')) {
    const date = zip.readUInt16LE(at + 14);
    found.push({
      name: zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28)),
      date: `${1980 + (date >> 9)}-${(date >> 5) & 15}-${date & 31}`,
      time: zip.readUInt16LE(at + 12),
      mode: (zip.readUInt32LE(at + 38) >>> 16).toString(8),
    });
  }
  return found;
}

const siteId = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/func-normalize';
const oneDeploy = `${siteId}/extensions/onedeploy`;

function propsFor(target: PackageTarget, bundle: string, others: Partial<functionPackage.FunctionPackageProps> = {}) {
  const path = join(folder, `${sha256(Buffer.from(bundle))}.js`);
  writeFileSync(path, bundle);
  return {
    siteId,
    blobEndpoint: `${target.url}/stfunc/`,
    container: 'deployments',
    program: { assets: { 'main.js': { path, hash: sha256(Buffer.from(bundle)) } } },
    texts: { 'host.json': labelled('host.json', texts['host.json']) },
    tenantId: 'tenant',
    authorityHost: 'https://login.test',
    storageScope: 'https://storage.test/.default',
    resourceManager: target.url,
    resourceManagerScope: 'https://management.test/.default',
    limitSeconds: 60,
    ...others,
  };
}

describe('a function package', () => {
  let target: PackageTarget;
  beforeEach(async () => {
    target = await PackageTarget.start();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    return target.close();
  });

  test('is uploaded under its hash and deployed from there', async () => {
    target.ends = { status: 4, message: '', afterQuestions: 1 };
    const { id, outs } = await functionPackage.create(propsFor(target, 'run();'));
    expect(id).toBe(oneDeploy);
    const [package_] = target.deployed;
    expect(outs.packageBlob).toBe(`packages/${sha256(package_ ?? Buffer.of())}.zip`);
    expect([...target.blobs.keys()]).toEqual([`/stfunc/deployments/${outs.packageBlob}`]);
    const files = Object.entries(unzipSync(package_ ?? Buffer.of())).map(([name, file]) => [name, strFromU8(file)]);
    expect(Object.fromEntries(files)).toEqual({ 'host.json': texts['host.json'], 'main.js': 'run();' });
  });

  test('keeps no token, key and signed address', async () => {
    const created = await functionPackage.create(propsFor(target, 'run();'));
    const updated = await functionPackage.update('', created.outs, propsFor(target, 'run(2);'));
    expect(target.deployed).toHaveLength(2);
    for (const kept of [JSON.stringify(created), JSON.stringify(updated)]) {
      expect(kept).toContain('packages/');
      expect(kept).not.toMatch(/sig=|[?&]s[a-z]=|skoid/);
      expect(kept).not.toContain(bearer);
      expect(kept).not.toContain(signingKey);
    }
  });

  test('that is the same is not deployed again, whatever else changes', async () => {
    const { outs } = await functionPackage.create(propsFor(target, 'run();'));
    target.taken();
    await functionPackage.update('', outs, propsFor(target, 'run();', { limitSeconds: 5 }));
    expect(target.taken()).toEqual([]);
    await functionPackage.update('', outs, propsFor(target, 'run(2);'));
    expect(target.taken()).toContain(`PUT ${oneDeploy}`);
  });

  test('that was deployed before is not uploaded a second time', async () => {
    const { outs } = await functionPackage.create(propsFor(target, 'run();'));
    const next = await functionPackage.update('', outs, propsFor(target, 'run(2);'));
    await functionPackage.update('', next.outs, propsFor(target, 'run();'));
    expect(target.blobs.size).toBe(2);
    expect(target.deployed.map(sha256)).toEqual([0, 1, 0].map((i) => sha256(target.deployed[i] ?? Buffer.of())));
  });

  test('waits for roles, for the container, for the app and for deployments that are under way', async () => {
    const [blob, key, app] = ['PUT /stfunc/deployments/', 'POST /stfunc/', `PUT ${oneDeploy}`];
    const refused = [
      ...[403, 404, 503].map((status) => [blob, status] as const),
      ...[403, 429].map((status) => [key, status] as const),
      ...[404, 409, 429, 500].map((status) => [app, status] as const),
      [`GET ${oneDeploy}`, 503] as const,
    ];
    target.refusals.push(...refused.map(([request, status]) => ({ request, answer: { status } })));
    await functionPackage.create(propsFor(target, 'run();'));
    expect(target.refusals).toEqual([]);
    expect(target.deployed).toHaveLength(1);
  });

  test('says why Azure has not deployed it, without the signed address', async () => {
    target.ends = { status: 3, message: 'cannot fetch https://x/y.zip?sp=r&sig=abc%2Fdef', afterQuestions: 0 };
    const failed = functionPackage.create(propsFor(target, 'run();'));
    await expect(failed).rejects.toThrow(
      'Azure has not deployed the package of the function app func-normalize: cannot fetch https://x/y.zip?sp=r&sig=***',
    );
    target.refusals.push({ request: `PUT ${oneDeploy}`, answer: { status: 400, body: 'no: ?sp=r&sig=abc%2Fdef' } });
    await expect(functionPackage.create(propsFor(target, 'run();'))).rejects.toThrow('400 no: ?sp=r&sig=***.');
  });

  test('is gone when its blob is, and replaced when its app is another', async () => {
    const { id, outs } = await functionPackage.create(propsFor(target, 'run();'));
    expect(await functionPackage.read(id, outs)).toEqual({ id, props: outs });
    target.blobs.clear();
    expect(await functionPackage.read(id, outs)).toEqual({});
    const news = propsFor(target, 'run(2);', { siteId: `${siteId}-2` });
    expect(await functionPackage.diff(id, outs, news)).toEqual({ replaces: ['siteId'] });
  });

  test("goes to the Resource Manager that azure-native's own variable leads to", async () => {
    const real = globalThis.fetch;
    jest.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
      if (!String(url).startsWith('https://arm.test/metadata/endpoints?')) return real(url, init);
      return Response.json([
        { resourceManager: `${target.url}/`, authentication: { audiences: ['https://arm.test'] } },
      ]);
    });
    process.env.ARM_METADATA_HOSTNAME = 'arm.test';
    try {
      await functionPackage.create(propsFor(target, 'run();', { resourceManager: 'https://nowhere.test' }));
    } finally {
      delete process.env.ARM_METADATA_HOSTNAME;
    }
    expect(target.deployed).toHaveLength(1);
  });
});

describe('with the real engine, a package', () => {
  let target: PackageTarget;
  let library: string;
  beforeAll(async () => {
    target = await PackageTarget.start();
    library = join(folder, 'library');
    // As it is published: what is built, without sources.
    mkdirSync(join(library, 'dist', 'functions', 'normalize'), { recursive: true });
    cpSync(join(projectFolder, 'dist', 'components'), join(library, 'dist', 'components'), { recursive: true });
    cpSync(join(projectFolder, 'package.json'), join(library, 'package.json'));
    symlinkSync(join(projectFolder, 'node_modules'), join(library, 'node_modules'));
    writeFileSync(join(library, 'dist', 'functions', 'normalize', 'main.js'), 'run();');
  });
  afterAll(() => target.close());

  /** A project of a user, with the library installed. */
  function project(name: string): string {
    const at = join(folder, name);
    mkdirSync(join(at, 'node_modules', '@pulumi'), { recursive: true });
    cpSync(library, join(at, 'node_modules', 'pulumi-azure-iomt'), { recursive: true, verbatimSymlinks: true });
    symlinkSync(join(projectFolder, 'node_modules', '@pulumi', 'pulumi'), join(at, 'node_modules/@pulumi/pulumi'));
    writeFileSync(
      join(at, 'Pulumi.yaml'),
      'name: package\nruntime:\n  name: nodejs\n  options: { typescript: false }\n',
    );
    writeFileSync(join(at, 'package.json'), '{ "main": "index.js" }');
    writeFileSync(join(at, 'device.json'), mapping('heartRate', 'temperature'));
    const { program, ...props } = propsFor(target, 'run();');
    writeFileSync(
      join(at, 'index.js'),
      `const { asset } = require('@pulumi/pulumi');
       const { FunctionPackage } = require('./node_modules/pulumi-azure-iomt/dist/components/dataPlane/resources');
       const { bundleFile } = require('./node_modules/pulumi-azure-iomt/dist/components/azure/bundle');
       const { labelled } = require('./node_modules/pulumi-azure-iomt/dist/components/dataPlane/labelledText');
       const text = require('node:fs').readFileSync(__dirname + '/device.json', 'utf8');
       const texts = { 'mappings/device.json': labelled('mappings/device.json', text) };
       const program = new asset.AssetArchive({ 'main.js': new asset.FileAsset(bundleFile('normalize')) });
       new FunctionPackage('package', { ...${JSON.stringify(props)}, program, texts }, {});`,
    );
    return at;
  }

  const mapping = (...types: string[]) =>
    JSON.stringify({ templateType: 'CollectionContent', template: types.map((typeName) => ({ typeName })) }, null, 2);

  function stackOf(program: string): PulumiStack {
    return new PulumiStack({
      program,
      stack: 'test',
      home: join(folder, 'home'),
      providers: {},
      env: { IDENTITY_ENDPOINT: `${target.url}/token`, IDENTITY_HEADER: 'header' },
    });
  }

  test('changes nothing while it is the same, in any clone, and shows a change as lines or as one member', async () => {
    const here = project('hospital');
    const stack = stackOf(here);
    await stack.configure({});
    await stack.up();
    expect(target.deployed).toHaveLength(1);
    target.taken();
    await stack.up();
    expect(await stackOf(project('clone/of/hospital')).preview()).toEqual({ changes: {}, steps: [] });
    expect(target.taken()).toEqual([]);

    writeFileSync(join(here, 'device.json'), mapping('pulseRate', 'heartRate', 'temperature'));
    const shown = await stack.must(['preview', '--diff', ...stack.stackArgs()]);
    const lines = shown.stdout.split('\n').filter((line) => /^\s*[+-] /.test(line));
    expect(lines.map((line) => line.trim().replace(/\s+/g, ' '))).toEqual(['+ "typeName": "pulseRate"', '+ },', '+ {']);

    writeFileSync(join(here, 'device.json'), mapping('heartRate', 'temperature'));
    writeFileSync(join(here, 'node_modules/pulumi-azure-iomt/dist/functions/normalize/main.js'), 'run(2);');
    const member = await stack.must(['preview', '--diff', ...stack.stackArgs()]);
    expect(member.stdout).toMatch(/~ program: archive\(.*\) {\s+~ "main.js": asset\(file:\w+->\w+\)/);
    expect(member.stdout).not.toContain('texts');
    await stack.up();
    expect(target.deployed).toHaveLength(2);

    const { stdout: state } = await stack.must(['stack', 'export', '--stack', 'test', '--show-secrets']);
    expect(state).toContain('packages/');
    expect(state).not.toMatch(/sig=|skoid|the-token-of-the-deployer/);
    expect(state).not.toContain(readFileSync(join(here, 'index.js'), 'utf8').slice(0, 40));
    expect(state).not.toContain(folder);
  });
});
