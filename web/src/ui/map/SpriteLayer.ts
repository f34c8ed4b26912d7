/** Draws all sprites in one WebGL call. MapLibre's own symbol layers would lay out 10,000 labels at every update. */
import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibreMap } from 'maplibre-gl'
import { SPRITE_FLOATS, type Sprites } from '../../lib/sprites'
import { mercatorX, mercatorY } from '../../lib/mercator'
import { ATLAS_COLUMNS, ATLAS_ROWS, drawAtlas } from './atlas'
import type { MapColors } from './theme'

const VERTEX = `#version 300 es
uniform mat4 u_matrix;   // from mercator relative to the centre to clip space
uniform vec4 u_center;   // coarse x, y, fine x, y
uniform vec2 u_viewport; // CSS px
in vec2 a_corner;
in vec4 a_position;      // coarse x, y, fine x, y
in vec4 a_shape;         // offset x, y, size in px, angle
in float a_cell;
out vec2 v_uv;
void main() {
  vec2 place = (a_position.xy - u_center.xy) + (a_position.zw - u_center.zw);
  vec4 clip = u_matrix * vec4(place, 0.0, 1.0);
  float s = sin(a_shape.w), c = cos(a_shape.w);
  vec2 px = mat2(c, s, -s, c) * (a_corner * a_shape.z) + a_shape.xy;
  gl_Position = clip + vec4(px * vec2(2.0, -2.0) / u_viewport * clip.w, 0.0, 0.0);
  vec2 cell = vec2(mod(a_cell, ${ATLAS_COLUMNS}.0), floor(a_cell / ${ATLAS_COLUMNS}.0));
  v_uv = (cell + a_corner + 0.5) / vec2(${ATLAS_COLUMNS}.0, ${ATLAS_ROWS}.0);
}`

const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D u_atlas;
in vec2 v_uv;
out vec4 color;
void main() { color = texture(u_atlas, v_uv); }`

export class SpriteLayer implements CustomLayerInterface {
  readonly id = 'vehicles'
  readonly type = 'custom' as const
  readonly renderingMode = '2d' as const
  private map: MapLibreMap | undefined
  private gl: WebGL2RenderingContext | undefined
  private program: WebGLProgram | undefined
  private vertices: WebGLVertexArrayObject | undefined
  private instances: WebGLBuffer | undefined
  private texture: WebGLTexture | undefined
  private uniforms: Record<'matrix' | 'center' | 'viewport', WebGLUniformLocation | null> | undefined
  private colors: MapColors
  private sprites: Sprites | undefined
  private isUploaded = false

  constructor(colors: MapColors) {
    this.colors = colors
  }

  setSprites(sprites: Sprites): void {
    this.sprites = sprites
    this.isUploaded = false
    this.map?.triggerRepaint()
  }

  setColors(colors: MapColors): void {
    this.colors = colors
    if (this.gl !== undefined) this.uploadAtlas(this.gl)
    this.map?.triggerRepaint()
  }

  onAdd(map: MapLibreMap, context: WebGL2RenderingContext): void {
    this.map = map
    this.gl = context
    this.isUploaded = false
    const program = link(context)
    this.program = program
    this.uniforms = {
      matrix: context.getUniformLocation(program, 'u_matrix'),
      center: context.getUniformLocation(program, 'u_center'),
      viewport: context.getUniformLocation(program, 'u_viewport'),
    }
    this.vertices = context.createVertexArray()
    this.instances = context.createBuffer()
    context.bindVertexArray(this.vertices)
    const corners = context.createBuffer()
    context.bindBuffer(context.ARRAY_BUFFER, corners)
    context.bufferData(context.ARRAY_BUFFER, new Float32Array([-0.5, -0.5, 0.5, -0.5, -0.5, 0.5, 0.5, 0.5]), context.STATIC_DRAW) // prettier-ignore
    attribute(context, program, 'a_corner', 2, 0, 0, 0)
    context.bindBuffer(context.ARRAY_BUFFER, this.instances)
    const stride = SPRITE_FLOATS * 4
    attribute(context, program, 'a_position', 4, stride, 0, 1)
    attribute(context, program, 'a_shape', 4, stride, 16, 1)
    attribute(context, program, 'a_cell', 1, stride, 32, 1)
    context.bindVertexArray(null)
    this.texture = context.createTexture()
    this.uploadAtlas(context)
  }

  onRemove(_map: MapLibreMap, context: WebGL2RenderingContext): void {
    context.deleteBuffer(this.instances ?? null)
    context.deleteVertexArray(this.vertices ?? null)
    context.deleteTexture(this.texture ?? null)
    context.deleteProgram(this.program ?? null)
    this.gl = undefined
  }

  render(context: WebGL2RenderingContext | WebGLRenderingContext, input: CustomRenderMethodInput): void {
    const { map, sprites, uniforms } = this
    if (!(context instanceof WebGL2RenderingContext) || map === undefined) return
    if (sprites === undefined || uniforms === undefined || sprites.count === 0) return
    const { lng, lat } = map.getCenter()
    const [x, y] = [mercatorX(lng), mercatorY(lat)]
    const [coarseX, coarseY] = [Math.fround(x), Math.fround(y)]
    const canvas = map.getContainer()
    context.useProgram(this.program ?? null)
    context.uniformMatrix4fv(uniforms.matrix, false, movedTo(input.defaultProjectionData.mainMatrix, x, y))
    context.uniform4f(uniforms.center, coarseX, coarseY, x - coarseX, y - coarseY)
    context.uniform2f(uniforms.viewport, canvas.clientWidth, canvas.clientHeight)
    context.activeTexture(context.TEXTURE0)
    context.bindTexture(context.TEXTURE_2D, this.texture ?? null)
    context.enable(context.BLEND)
    context.blendFunc(context.ONE, context.ONE_MINUS_SRC_ALPHA)
    context.disable(context.DEPTH_TEST)
    context.disable(context.STENCIL_TEST)
    context.bindVertexArray(this.vertices ?? null)
    if (!this.isUploaded) {
      context.bindBuffer(context.ARRAY_BUFFER, this.instances ?? null)
      context.bufferData(context.ARRAY_BUFFER, sprites.data.subarray(0, sprites.count * SPRITE_FLOATS), context.DYNAMIC_DRAW) // prettier-ignore
      this.isUploaded = true
    }
    context.drawArraysInstanced(context.TRIANGLE_STRIP, 0, 4, sprites.count)
    context.bindVertexArray(null)
  }

  private uploadAtlas(context: WebGL2RenderingContext): void {
    context.bindTexture(context.TEXTURE_2D, this.texture ?? null)
    context.pixelStorei(context.UNPACK_FLIP_Y_WEBGL, false)
    context.pixelStorei(context.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true)
    context.texImage2D(context.TEXTURE_2D, 0, context.RGBA, context.RGBA, context.UNSIGNED_BYTE, drawAtlas(this.colors))
    context.generateMipmap(context.TEXTURE_2D)
    context.texParameteri(context.TEXTURE_2D, context.TEXTURE_MIN_FILTER, context.LINEAR_MIPMAP_LINEAR)
    context.texParameteri(context.TEXTURE_2D, context.TEXTURE_MAG_FILTER, context.LINEAR)
  }
}

/** `matrix` after a shift of the origin to the mercator point (x, y), in double precision until the last step. */
function movedTo(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const moved = Float32Array.from(matrix)
  for (let row = 0; row < 4; row++) {
    moved[12 + row] = (matrix[row] ?? 0) * x + (matrix[4 + row] ?? 0) * y + (matrix[12 + row] ?? 0)
  }
  return moved
}

function link(context: WebGL2RenderingContext): WebGLProgram {
  const program = context.createProgram()
  for (const [kind, source] of [
    [context.VERTEX_SHADER, VERTEX],
    [context.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    // prettier-ignore
    const shader = context.createShader(kind)
    if (shader === null) throw new Error('the graphics context is lost')
    context.shaderSource(shader, source)
    context.compileShader(shader)
    context.attachShader(program, shader)
  }
  context.linkProgram(program)
  if (context.getProgramParameter(program, context.LINK_STATUS) !== true && !context.isContextLost()) {
    throw new Error(`the vehicles' shader does not link: ${context.getProgramInfoLog(program) ?? ''}`)
  }
  return program
}

function attribute(
  context: WebGL2RenderingContext,
  program: WebGLProgram,
  name: string,
  size: number,
  stride: number,
  offset: number,
  divisor: number,
): void {
  // prettier-ignore
  const location = context.getAttribLocation(program, name)
  if (location < 0) return
  context.enableVertexAttribArray(location)
  context.vertexAttribPointer(location, size, context.FLOAT, false, stride, offset)
  context.vertexAttribDivisor(location, divisor)
}
