import { describeHotPath } from './support/recordings/hotPath';
import { RecordedRuns } from './support/recordings/runs';
import { describeScoring } from './support/recordings/scoring';

/**
 * Recordings through the whole path as a user runs it. Each run takes minutes, so that what is said of scoring and of the hot path is
 * said of the same runs.
 */
const runs = new RecordedRuns();
afterAll(() => runs.close());

describeHotPath(runs);
describeScoring(runs);
