//! Limits and capabilities of a definition's guests.

use std::time::Duration;

use crate::ddl::With;
use crate::host::HostState;
use crate::limits::{Capabilities, Limits};
use crate::runtime::{InstanceConfig, Metering, RuntimeFeature};
use crate::settings::Settings;

/// The limits and capabilities of one definition's guests: the host's, tightened by the definition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Longest time of one call.
    pub call_timeout: Duration,
    /// Fuel of one call.
    pub fuel: Option<u64>,
    /// Linear memory of one instance.
    pub memory_bytes_max: usize,
    /// The capabilities that the definition asked for and the host granted.
    pub granted: Capabilities,
}

impl Policy {
    /// The policy of a definition: the smaller of each limit, and the capabilities that were both requested and
    /// granted. Fuel is not limited if the host accepts that its runtime cannot do that.
    pub fn effective(settings: &Settings, granted: Capabilities, with: &With) -> Self {
        let limits = &settings.limits;
        let memory = with.memory_mb.map_or(usize::MAX, |mb| {
            usize::try_from(mb).unwrap_or(usize::MAX).saturating_mul(1 << 20)
        });
        Self {
            call_timeout: with.timeout_ms.map_or(limits.call_timeout, |ms| {
                limits.call_timeout.min(Duration::from_millis(ms))
            }),
            fuel: match (limits.fuel, with.fuel) {
                _ if settings.goes_without(RuntimeFeature::Fuel) => None,
                (Some(host), Some(own)) => Some(host.min(own)),
                (host, own) => host.or(own),
            },
            memory_bytes_max: limits.memory_bytes_max.min(memory),
            granted: granted.intersection(with.allow.unwrap_or_default()),
        }
    }

    /// The configuration of an instance under this policy.
    pub(crate) fn instance(&self, limits: &Limits, host: HostState) -> InstanceConfig {
        InstanceConfig {
            memory_bytes_max: self.memory_bytes_max,
            table_elements_max: limits.table_elements_max,
            call_timeout: self.call_timeout,
            fuel: self.fuel,
            host,
        }
    }

    /// How code for this policy must be compiled.
    pub fn metering(&self) -> Metering {
        if self.fuel.is_some() { Metering::Fuel } else { Metering::None }
    }
}
