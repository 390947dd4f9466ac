"""The form of an imputation application, as a service describes it."""

from __future__ import annotations

from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.service import StoredForm
from tests.ui.samples import NOW


def form(service_id: str = "michigan", app_id: str = "imputationserver2@2.0.12") -> StoredForm:
    """All types that matter, with two panels and their populations."""
    populations = (Choice(key="eur", label="EUR"), Choice(key="off", label="Skip"))
    panels = (
        Choice(key="apps@1000g-phase-3-v5@2.0.0", label="1000G Phase 3 v5 (GRCh37/hg19)"),
        Choice(key="apps@hrc-r1.1@2.0.0", label="HRC r1.1 2016 (GRCh37/hg19)"),
    )
    parameters = (
        Parameter(id="refpanel", label="Reference Panel", type=ParameterType.PANEL, choices=panels),
        Parameter(id="files", label="Input Files", type=ParameterType.FILES),
        Parameter(
            id="build",
            label="Array Build",
            type=ParameterType.CHOICE,
            default="hg19",
            choices=(Choice(key="hg19", label="GRCh37/hg19"), Choice(key="hg38", label="GRCh38/hg38")),
        ),
        Parameter(
            id="phasing",
            label="Phasing Engine",
            type=ParameterType.CHOICE,
            default="eagle",
            choices=(Choice(key="eagle", label="Eagle v2.4"), Choice(key="no_phasing", label="No phasing")),
        ),
        Parameter(
            id="population",
            label="Allele Frequency Check",
            type=ParameterType.BOUND_CHOICE,
            bound_to="refpanel",
            bound_choices={panel.key: populations for panel in panels},
        ),
        Parameter(id="aesEncryption", label="AES 256 encryption", type=ParameterType.CHECKBOX),
        Parameter(id="meta", label="Generate Meta-imputation file", type=ParameterType.CHECKBOX),
        Parameter(id="line", label="", type=ParameterType.SEPARATOR),
        Parameter(
            id="check1",
            label="I will not attempt to re-identify or contact research participants.",
            type=ParameterType.TERMS,
        ),
        Parameter(
            id="check2",
            label="I will report any inadvertent data release, security breach or other data incident.",
            type=ParameterType.TERMS,
        ),
    )
    made = Form(app_id=app_id, app_name="Genotype Imputation", parameters=parameters)
    return StoredForm(service_id=service_id, form=made, as_of=NOW)
