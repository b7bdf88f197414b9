import type { Snapshot } from '../snapshot';
import { type ConnectionState, followSnapshots } from './connection';
import { Dashboard } from './dashboard';
import { DevicesTable } from './devicesTable';
import { byId, html, setAttribute, setText } from './element';
import { WardTime } from './format';
import { Latency } from './latency';
import { Lists } from './lists';
import { PatientsTable } from './patientsTable';
import { Picture } from './picture';
import { StatusCards, verdictWords } from './statusCards';
import { StepDetail } from './stepDetail';

const cards = new StatusCards();
const detail = new StepDetail();
const picture = new Picture((id) => detail.choose(id, latest));
const latency = new Latency();
const dashboard = new Dashboard();
const patients = new PatientsTable();
const devices = new DevicesTable();
const lists = new Lists();
let latest: Snapshot | undefined;
let wardTime = new WardTime('UTC');

byId('picture').append(html('div', { class: 'canvas' }, picture.root, detail.root));
setText(byId('connection'), 'Connecting');

function show(snapshot: Snapshot): void {
  if (snapshot.clock.timeZone !== wardTime.timeZone) wardTime = new WardTime(snapshot.clock.timeZone);
  announce(latest, snapshot);
  latest = snapshot;
  document.body.dataset.cloud = snapshot.cloud.state;
  setAttribute(byId('skip'), 'href', snapshot.dashboard === null ? '#patients' : '#dashboard');
  cards.show(snapshot, wardTime);
  picture.show(snapshot);
  detail.show(snapshot);
  latency.show(snapshot);
  dashboard.show(snapshot, wardTime);
  patients.show(snapshot);
  devices.show(snapshot);
  lists.show(snapshot);
  showConnection('connected');
}

function showConnection(state: ConnectionState): void {
  const was = document.body.dataset.connection;
  document.body.dataset.connection = state;
  if (state === 'connected') setText(byId('connection'), cloudWords(latest));
  else if (was !== state) setText(byId('connection'), `Disconnected at ${wallTime()}, trying again`);
  if (state === was) return;
  if (state === 'disconnected') setText(byId('announcement'), 'The local cloud does not answer. Trying again.');
  else if (was === 'disconnected') setText(byId('announcement'), 'Connected again.');
}

function wallTime(): string {
  return new Date().toLocaleTimeString('en-GB');
}

function cloudWords(snapshot: Snapshot | undefined): string {
  if (snapshot?.cloud.state === 'starting') return snapshot.cloud.message ?? 'Starting';
  return snapshot?.cloud.state === 'stopping' ? 'Stopping' : 'Live';
}

/** Tells a screen reader of turns, not of numbers. */
function announce(before: Snapshot | undefined, after: Snapshot): void {
  if (!before) return;
  if (after.verdict && !before.verdict) setText(byId('announcement'), `Verdict: ${verdictWords(after.verdict)}.`);
  else if (after.replay && after.replay.state !== before.replay?.state) {
    setText(byId('announcement'), `Replay ${after.replay.state}.`);
  }
}

followSnapshots(show, showConnection);
