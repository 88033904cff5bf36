import express, { Router } from 'express';
import { requireOperator } from '../auth/guard.js';
import { destination } from '../auth/destination.js';
import { currentViewer } from '../auth/viewer.js';
import { JOB_KINDS } from '../../shared/jobs/catalogue.js';
import { type QueueSwitch, renderActions } from '../pages/actions.js';
import { type ActionResult, type ActionServices, performAction, readActionRequest } from './perform.js';

/**
 * `POST /v1/actions` for programs, `POST /actions` for the console's forms, and the page of what was done. Operators alone; where
 * there is no sign-in nobody can be named, so only the page is there.
 */
export function openActions(services: ActionServices, { hasSignIn }: { hasSignIn: boolean }): Router {
  const router = Router();
  const page = async (refused?: ActionResult) => {
    const [rows, queues] = await Promise.all([services.ledger.actions.list(100), readSwitches(services)]);
    return renderActions({ rows, hasSignIn, queues, ...(refused === undefined ? {} : { refused }) });
  };
  router.get('/actions', async (_request, response) => {
    response.send(await page());
  });
  router.get('/v1/actions', async (_request, response) => {
    response.json({ actions: await services.ledger.actions.list(100) });
  });
  if (!hasSignIn) return router;
  router.post('/v1/actions', async (request, response) => {
    const viewer = currentViewer();
    requireOperator(viewer);
    const result = await performAction(services, readActionRequest(request.body), viewer?.name ?? '');
    response.status(result.answer === 'refused' ? 409 : 200).json(result);
  });
  router.post('/actions', async (request, response) => {
    const viewer = currentViewer();
    requireOperator(viewer);
    const { csrf: _csrf, to, ...body } = fieldsOf(request.body);
    const result = await performAction(services, readActionRequest(body), viewer?.name ?? '');
    if (result.answer === 'refused') response.status(409).send(await page(result));
    else response.redirect(303, destination(to));
  });
  return router;
}

async function readSwitches({ queue }: Pick<ActionServices, 'queue'>): Promise<readonly QueueSwitch[]> {
  return Promise.all(
    JOB_KINDS.map(async (kind) => {
      const seen = await queue.attendance(kind).catch(() => undefined);
      return { queue: kind, paused: seen?.paused };
    }),
  );
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

/** Bodies of what changes something; read before the guard, which looks for the form's token. */
export const readBodies = [express.urlencoded({ extended: false, limit: '10kb' }), express.json({ limit: '10kb' })];
