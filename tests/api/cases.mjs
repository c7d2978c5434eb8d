// What contract §7 promises, asked over a socket. Run against the gateway (api.test.mjs) and through prism (api_prism.test.mjs).
import { againCases } from './again.mjs';
import { edgesCases } from './edges.mjs';
import { figuresCases } from './figures.mjs';
import { intakeCases } from './intake.mjs';
import { movesCases } from './moves.mjs';
import { lastCases, readCases } from './read.mjs';
import { makeStage } from './stage.mjs';
import { workCases } from './work.mjs';

export function apiCases(openDoors) {
  const stage = makeStage(openDoors);
  for (const cases of [readCases, workCases, movesCases, againCases, edgesCases, intakeCases, figuresCases, lastCases]) cases(stage);
}
