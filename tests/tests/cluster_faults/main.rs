//! Several nodes on one Redis, and what users see when something breaks: real processes and real faults.
//!
//! Everything stands in one module, by whose name it is kept apart: these tests mostly wait, so more of them run at
//! once than there are processors.

mod faults;
