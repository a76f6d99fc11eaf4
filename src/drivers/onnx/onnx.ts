/**
 * A model file and its tensors, through ONNX Runtime. One session a model; its threads are its own and do not spin while
 * idle. Calls on one session run one after another.
 *
 * Errors: `model.unreadable` when the file is missing, damaged or of another shape than asked for; `model.failed` when a
 * run fails.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { problemOf, SentinelError } from '../../base/errors.ts';

/** Values in row-major order of `shape`. */
export interface ModelTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Uint8Array;
}

/** What a run answers. */
export interface ModelOutput {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export class OnnxModel {
  readonly sha256: string;
  readonly #file: string;
  readonly #session: InferenceSession;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(file: string, session: InferenceSession, sha256: string) {
    this.#file = file;
    this.#session = session;
    this.sha256 = sha256;
  }

  /**
   * @param threads how many cores one run may use
   * @param names the inputs and outputs the caller counts on; a model without them is refused here, not at the first run
   */
  static async open(
    file: string,
    options: { threads: number; inputs: readonly string[]; outputs: readonly string[] },
  ): Promise<OnnxModel> {
    let session: InferenceSession;
    let sha256: string;
    try {
      const bytes = await readFile(file);
      sha256 = createHash('sha256').update(bytes).digest('hex');
      session = await InferenceSession.create(bytes, {
        intraOpNumThreads: options.threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
        // A thread that spins for work takes a core from everything else on a machine of few.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      });
    } catch (thrown) {
      throw new SentinelError('model.unreadable', { file, problem: problemOf(thrown) }, { cause: thrown });
    }
    const missing = [
      ...options.inputs.filter((name) => !session.inputNames.includes(name)),
      ...options.outputs.filter((name) => !session.outputNames.includes(name)),
    ];
    if (missing.length > 0) {
      await session.release();
      throw new SentinelError('model.unreadable', { file, problem: `it has no ${missing.join(', ')}` });
    }
    return new OnnxModel(file, session, sha256);
  }

  /** Runs the model once. @returns its outputs by name */
  run(inputs: Readonly<Record<string, ModelTensor>>): Promise<Readonly<Record<string, ModelOutput>>> {
    const turn = this.#turn.then(() => this.#run(inputs));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#session.release();
  }

  async #run(inputs: Readonly<Record<string, ModelTensor>>): Promise<Readonly<Record<string, ModelOutput>>> {
    try {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { values, shape }]) => [
          name,
          values instanceof Float32Array
            ? new Tensor('float32', values, [...shape])
            : new Tensor('uint8', values, [...shape]),
        ]),
      );
      const answered = await this.#session.run(feeds);
      return Object.fromEntries(
        Object.entries(answered).map(([name, tensor]) => [
          name,
          { shape: tensor.dims, values: tensor.data as Float32Array },
        ]),
      );
    } catch (thrown) {
      throw new SentinelError('model.failed', { file: this.#file, problem: problemOf(thrown) }, { cause: thrown });
    }
  }
}
