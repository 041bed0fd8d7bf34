import type { Logger } from '../../src/core/base/logger.ts';

/** For tests that do not read the log. */
export const silentLogger: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
