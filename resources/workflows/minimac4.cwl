#!/usr/bin/env cwl-runner
# Imputation with Minimac 4 of files that are phased already. Each target has its panel; each contig of a target
# is imputed by itself and the parts are put together again. Needs minimac4, bcftools and tabix on the server,
# or a container engine there.
cwlVersion: v1.2
class: Workflow
requirements:
  ScatterFeatureRequirement: {}

inputs:
  target:
    type: File[]
    doc: Phased genotypes, VCF or BCF, plain or compressed.
  panel:
    type: File[]
    doc: For each target its reference panel, as VCF, BCF or MSAV of Minimac 4.
  map:
    type: File?
    doc: A genetic map of all contigs, in the format of Minimac 4.
  name:
    type: string[]
    doc: For each target how its result is called.
  min_r2:
    type: string
    default: "0"
    doc: Sites with a lower estimated r-squared are left out.
  window:
    type: string
    default: "20000000"
    doc: Longest piece, in base pairs, that is imputed at once.
  overlap:
    type: string
    default: "3000000"
    doc: Base pairs around a piece that are looked at as well.
  threads:
    type: string
    default: "2"

outputs:
  dose:
    type: File[]
    outputSource: impute/dose
  index:
    type: File[]
    outputSource: impute/index
  info:
    type: File[]
    outputSource: impute/info

steps:
  impute:
    scatter: [target, panel, name]
    scatterMethod: dotproduct
    in:
      target: target
      panel: panel
      map: map
      name: name
      min_r2: min_r2
      window: window
      overlap: overlap
      threads: threads
    out: [dose, index, info]
    run:
      class: CommandLineTool
      baseCommand: [sh, -c]
      inputs:
        target: File
        panel: File
        map:
          type: File?
          inputBinding: {position: 10}
        name: string
        min_r2: string
        window: string
        overlap: string
        threads: string
      outputs:
        dose:
          type: File
          outputBinding: {glob: $(inputs.name).dose.vcf.gz}
        index:
          type: File
          outputBinding: {glob: $(inputs.name).dose.vcf.gz.tbi}
        info:
          type: File
          outputBinding: {glob: $(inputs.name).info.gz}
      arguments:
        - position: 1
          valueFrom: |
            set -eu
            target=$1 panel=$2 name=$3 min_r2=$4 window=$5 overlap=$6 threads=$7
            if [ $# -eq 8 ]; then set -- --map "$8"; else set --; fi
            bcftools view -O b -o target.bcf "$target"
            bcftools index target.bcf
            case "$panel" in
              *.msav) ;;
              *) bcftools view -O b -o panel.bcf "$panel" && bcftools index panel.bcf ;;
            esac
            bcftools index --stats target.bcf | cut -f 1 > contigs.txt
            if [ ! -s contigs.txt ]; then echo "The target holds no sites" >&2; exit 1; fi
            number=0
            : > doses.txt
            : > sites.txt
            while read -r contig; do
              number=`expr $number + 1`
              reference=$panel
              if [ -f panel.bcf ]; then
                bcftools view -r "$contig" -O b -o part.bcf panel.bcf
                bcftools index -f part.bcf
                minimac4 --compress-reference part.bcf > part.msav
                reference=part.msav
              fi
              minimac4 "$reference" target.bcf -r "$contig" -f GT,DS,HDS -O vcf.gz -o "dose.$number.vcf.gz" \
                --sites "sites.$number.vcf.gz" --min-r2 "$min_r2" -c "$window" -w "$overlap" -t "$threads" "$@"
              echo "dose.$number.vcf.gz" >> doses.txt
              echo "sites.$number.vcf.gz" >> sites.txt
            done < contigs.txt
            bcftools concat --naive -f doses.txt -O z -o "$name.dose.vcf.gz"
            tabix -p vcf "$name.dose.vcf.gz"
            bcftools concat --naive -f sites.txt -O z -o "$name.info.gz"
        - position: 2
          valueFrom: impute
        - {position: 3, valueFrom: $(inputs.target.path)}
        - {position: 4, valueFrom: $(inputs.panel.path)}
        - {position: 5, valueFrom: $(inputs.name)}
        - {position: 6, valueFrom: $(inputs.min_r2)}
        - {position: 7, valueFrom: $(inputs.window)}
        - {position: 8, valueFrom: $(inputs.overlap)}
        - {position: 9, valueFrom: $(inputs.threads)}
