//! Which geofences may hold a position: an R-tree of their boxes, in all their versions.

use super::fence::Fence;
use rstar::{AABB, RTree, RTreeObject};
use tacho_model::{Bounds, LatLon};

/// Cells of 0.02 degrees: some two kilometres, which a vehicle takes a minute to cross.
const CELLS_PER_DEGREE: f64 = 50.0;
/// Columns of the grid.
const COLUMNS: u32 = 360 * CELLS_PER_DEGREE as u32 + 1;

/// A box, by longitude and latitude; those across the antimeridian stand on both of its sides.
#[derive(Debug, Clone, Copy)]
struct Boxed {
    corners: AABB<[f64; 2]>,
    slot: u32,
}

impl RTreeObject for Boxed {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        self.corners
    }
}

#[derive(Debug, Default)]
pub struct Index {
    tree: RTree<Boxed>,
}

impl Index {
    /// `fences` stand in the order of their places.
    pub fn build(fences: &[Fence]) -> Index {
        let mut boxes = Vec::new();
        for (fence, slot) in fences.iter().zip(0..) {
            for version in fence.versions() {
                let Bounds { south, north, west, east } = version.shape.bounds();
                let mut add = |west: f64, east: f64| {
                    boxes.push(Boxed { corners: AABB::from_corners([west, south], [east, north]), slot });
                };
                add(west, east);
                if east >= 180.0 {
                    add(west - 360.0, east - 360.0);
                }
            }
        }
        Index { tree: RTree::bulk_load(boxes) }
    }

    pub fn at(&self, at: LatLon) -> impl Iterator<Item = u32> + '_ {
        self.within([at.lon, at.lat], [at.lon, at.lat])
    }

    /// Along a leg that is shorter than half a turn.
    pub fn along(&self, from: LatLon, to: LatLon) -> impl Iterator<Item = u32> + '_ {
        let (west, east) = (from.lon.min(to.lon), from.lon.max(to.lon));
        let is_across = east - west > 180.0;
        let (south, north) = (from.lat.min(to.lat), from.lat.max(to.lat));
        let first = if is_across { (east, 180.0) } else { (west, east) };
        let second = is_across.then_some((-180.0, west));
        let boxes = std::iter::once(first).chain(second);
        boxes.flat_map(move |(west, east)| self.within([west, south], [east, north]))
    }

    fn within(&self, low: [f64; 2], high: [f64; 2]) -> impl Iterator<Item = u32> + '_ {
        self.tree.locate_in_envelope_intersecting(AABB::from_corners(low, high)).map(|boxed| boxed.slot)
    }

    pub fn is_clear(&self, cell: u32) -> bool {
        let (row, column) = (cell / COLUMNS, cell % COLUMNS);
        let low = [f64::from(column) / CELLS_PER_DEGREE - 180.0, f64::from(row) / CELLS_PER_DEGREE - 90.0];
        let side = 1.0 / CELLS_PER_DEGREE;
        self.within(low, [low[0] + side, low[1] + side]).next().is_none()
    }
}

/// The cell that holds a position.
pub fn cell(at: LatLon) -> u32 {
    let row = ((at.lat + 90.0) * CELLS_PER_DEGREE) as u32;
    let column = ((at.lon + 180.0) * CELLS_PER_DEGREE) as u32;
    row * COLUMNS + column
}
