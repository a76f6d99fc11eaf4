/** How many floating-point operations a model's convolutions and products take, as the library itself saw their shapes. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InferenceSession, type Tensor } from 'onnxruntime-node';

interface NodeRun {
  readonly cat: string;
  readonly name: string;
  readonly args: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

export async function operationsOf(modelFile: string, feeds: Readonly<Record<string, Tensor>>): Promise<number> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sentinel-profile-'));
  try {
    const session = await InferenceSession.create(modelFile, {
      graphOptimizationLevel: 'disabled',
      intraOpNumThreads: 1,
      enableProfiling: true,
      profileFilePrefix: path.join(dir, 'run'),
    });
    await session.run(feeds);
    session.endProfiling();
    await session.release();
    const [file] = await readdir(dir);
    if (file === undefined) throw new Error('the library wrote no profile');
    const runs = JSON.parse(await readFile(path.join(dir, file), 'utf8')) as NodeRun[];
    return runs
      .filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'))
      .reduce((sum, { args }) => sum + operations(args), 0);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function operations({ op_name: name, input_type_shape: inputs, output_type_shape: outputs }: NodeRun['args']): number {
  const shapeOf = (list: typeof inputs, at: number): readonly number[] => Object.values(list?.[at] ?? {})[0] ?? [];
  const product = (shape: readonly number[]): number => shape.reduce((sum, side) => sum * side, 1);
  const out = product(shapeOf(outputs, 0));
  // A weight of a convolution is [out, in of a group, rows, columns].
  if (name === 'Conv') return 2 * out * product(shapeOf(inputs, 1).slice(1));
  if (name === 'MatMul' || name === 'Gemm') return 2 * out * (shapeOf(inputs, 0).at(-1) ?? 0);
  return 0;
}
